"""The page of an application's architecture: what is drawn, and what isn't."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from dependency_injector import containers, providers
from sanic import Blueprint, Request
from sanic.views import HTTPMethodView
from sanic_ext import validate

from eventy.app.architecture import messages
from eventy.app.composition import composition
from eventy.app.create import create
from eventy.app.diagram import Diagram
from eventy.app.eventy import Eventy
from eventy.app.examination import Examination, examine
from eventy.app.settings import Settings
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.http.server import SanicServer
from eventy.serializer.avro import AvroEventSerializer


class Engine:
    """Talks to a database."""


class Repository:
    def __init__(self, engines: list[Engine]) -> None: ...


async def seen(event: BaseEvent, nested_repository: Repository) -> None: ...


async def forgotten(event: BaseEvent) -> None: ...


class Object:
    async def __call__(self, event: BaseEvent, engine: Engine) -> None: ...


async def bound(event: BaseEvent, limit: int) -> None: ...


bp = Blueprint("architecture")


@bp.put("/payments/<repository>")
async def payments(request: Request[Any, Any], repository: str, engine: Engine) -> None: ...


class View(HTTPMethodView):
    async def get(self, request: Request[Any, Any], engine: Engine) -> None: ...

    @staticmethod
    async def post(request: Request[Any, Any], nested_repository: Repository) -> None: ...


bp.add_route(View.as_view(), "/view")


class Controller:
    async def __call__(self, request: Request[Any, Any], engine: Engine) -> None: ...


async def partly(request: Request[Any, Any], limit: int, engine: Engine) -> None: ...


bp.add_route(Controller(), "/object", name="object")
bp.add_route(functools.partial(partly, limit=3), "/partial", name="partial")


@bp.websocket("/feed/<name>")  # type: ignore[untyped-decorator]  # Sanic gives it no types
async def feed(request: Request[Any, Any], ws: Any, name: str, engine: Engine) -> None: ...


@bp.get("/files/<file=str:ext>")
async def file(request: Request[Any, Any], file: str, ext: str, engine: Engine) -> None: ...


@dataclass
class Payment:
    amount: int


@bp.post("/validated")
@validate(json=Payment)
async def validated(request: Request[Any, Any], body: Payment, engine: Engine) -> None: ...


class Nested(containers.DeclarativeContainer):
    engine: providers.Dependency[Engine] = providers.Dependency(instance_of=Engine)
    repository = providers.Singleton(Repository, providers.List(engine))
    draft = providers.Factory(Engine)


class Root(containers.DeclarativeContainer):
    __self__ = providers.Self()
    config = providers.Configuration(strict=True)
    registry = providers.Singleton(
        Registry,
        providers.Object(
            (
                on("qotto.payment", seen),
                on("a|b", forgotten, tombstones=True),
                on("qotto.contract", Object()),
                on("qotto.payment.event", functools.partial(bound, limit=3)),
            )
        ),
    )
    engine = providers.Singleton(Engine)
    nested = providers.Container(Nested, engine=engine)
    nested_repository = nested.repository
    event_serializer = providers.Singleton(
        AvroEventSerializer, registry=registry, schemas_folder=config.avro_schemas_folder
    )
    consumer = providers.Singleton(
        create,
        config.event_consumer,
        broker=None,
        serializer=event_serializer,
        clock=None,
        event_topics=providers.Object(["payments", re.compile("contract-.*")]),
        event_group=None,
        position="earliest",
    )
    forgotten_consumer = providers.Singleton(Engine)
    http_server = providers.Singleton(SanicServer, blueprints=providers.Object((bp,)))
    app = providers.Singleton(Eventy, __self__, components=providers.List(consumer, http_server))


def examined() -> Examination:
    root: Any = Root()
    root.config.from_dict(Settings().as_dict())
    examination = examine(root, with_routes=False)
    examination.raise_any()
    return examination


def arrows(diagram: Diagram) -> set[tuple[str, str, str]]:
    """Return the arrows by what stands first in their boxes."""
    text = str(diagram)
    names = dict(re.findall(r'(n\d+)[\[({]+"([^"<]*)', text))
    return {
        (names[one], label, names[other]) for one, label, other in re.findall(r'(n\d+) -->(\|"[^"]*"\|)? (n\d+)', text)
    }


def test_messages_go_from_topics_to_what_handlers_ask_for() -> None:
    by_name = "messages, by their names"
    assert arrows(messages(examined())) == {
        ("payments", "", "consumer"),
        ("like contract-.*", "", "consumer"),
        ("consumer", "", by_name),
        (by_name, '|"qotto.payment"|', "seen"),
        (by_name, '|"tombstones of a#124;b"|', "forgotten"),
        (by_name, '|"qotto.contract"|', "Object.__call__"),
        (by_name, '|"qotto.payment.event"|', "bound"),
        ("seen", "", "nested_repository"),
        ("Object.__call__", "", "engine"),
        ("GET /view", "", "engine"),
        ("POST /view", "", "nested_repository"),
        ("GET /object", "", "engine"),
        ("GET /partial", "", "engine"),
        ("WEBSOCKET /feed/#lt;name:str#gt;", "", "engine"),
        ("GET /files/#lt;file=str:ext#gt;", "", "engine"),
        ("POST /validated", "", "engine"),
        ("PUT /payments/#lt;repository:str#gt;", "", "engine"),
    }


def test_container_is_drawn_with_what_fills_its_placeholders() -> None:
    diagram = composition(examined())
    assert arrows(diagram) == {
        ("nested_repository", "", "engine"),
        ("event_serializer", "", "registry"),
        ("consumer", "", "event_serializer"),
        ("app", '|"1"|', "consumer"),
        ("app", '|"2"|', "http_server"),
    }
    text = str(diagram)
    assert '["nested: Nested"]' in text
    assert '"nested.draft<br>Engine, a new one each time"' in text
    assert '"event_serializer<br>AvroEventSerializer<br>AVRO_SCHEMAS_FOLDER"' in text
    assert '"consumer<br>EVENTY_EVENT_CONSUMER"' in text
    assert "config" not in text
