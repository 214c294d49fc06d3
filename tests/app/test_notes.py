"""What `check` and a start say though it is no mistake."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from dependency_injector import providers
from sanic import Request, json
from sanic.response import JSONResponse

from eventy.app.check import check
from eventy.app.eventy import Eventy
from eventy.command.base import BaseCommand
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.message.record import ProducerRecord
from tests.app.mistaken import a_root, a_root_with_a_route


class Database:
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Repository:
    def __init__(self, database: Database) -> None: ...


class Timer:
    async def start(self, seconds: float) -> None: ...

    async def stop(self) -> None: ...


class Emitter(BaseEventEmitter):
    """Has nothing to start."""

    def __init__(self) -> None: ...

    async def write(self, records: list[ProducerRecord]) -> None: ...


class Book(BaseCommand):
    @classmethod
    def name(cls) -> str:
        return "hotel.Book"

    async def execute(self, repository: object) -> None: ...


async def audit(event: BaseEvent) -> None: ...


def notes_of(container: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        check(container)
    return caplog.messages


def a_service(repository: Any, *components: Any, **named: Any) -> Any:
    """Return a container whose handler gets a repository."""
    registry = providers.Singleton(Registry, providers.Object((Book,)))
    container = a_root(registry=registry, repository=repository, **named)
    listed = providers.List(*components)
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=listed))
    return container


# ---------------------------------------------------------------- messages


def overtaken() -> Any:
    registry = providers.Singleton(Registry, providers.Object((on(r"hotel\..*", audit), Book)))
    return a_root(registry=registry, repository=providers.Object(None))


OVERTAKEN = (
    r"Book, registered for 'hotel.Book', never gets a message: on('hotel\\..*', audit) stands before it, and the first "
    "that matches a name wins. Put it first, or take one of them out"
)


def test_registration_that_never_gets_a_message_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert notes_of(overtaken(), caplog) == [OVERTAKEN]


async def test_start_tells_it_once(caplog: pytest.LogCaptureFixture) -> None:
    async with overtaken().app():
        pass
    assert [one.message for one in caplog.records if one.levelno == logging.WARNING] == [OVERTAKEN]


# ---------------------------------------------------------------- components


def test_what_handlers_get_and_nothing_starts_is_told(caplog: pytest.LogCaptureFixture) -> None:
    database = providers.Singleton(Database)
    container = a_service(providers.Factory(Repository, database), database=database)
    (note,) = notes_of(container, caplog)
    assert note == (
        "database: Database has async start() and stop() as components do, but isn't among them, and handlers get it: "
        "list it among the components of app, unless something else starts it"
    )


def test_what_routes_get_and_nothing_starts_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def asking(request: Request[Any, Any], database: Database) -> JSONResponse:
        return json(None)

    (note,) = notes_of(a_root_with_a_route(asking, database=providers.Singleton(Database)), caplog)
    assert note.startswith("database: Database has async start() and stop()")


def test_component_is_fine_and_so_is_what_one_is_built_with(caplog: pytest.LogCaptureFixture) -> None:
    class Around(Database):
        def __init__(self, inner: object) -> None: ...

    database = providers.Singleton(Database)
    repository = providers.Factory(Repository, database)
    for components in (
        (database,),
        (providers.Singleton(Around, database),),
        (providers.Singleton(Around, database.provider),),
    ):
        assert notes_of(a_service(repository, *components, database=database), caplog) == []


@pytest.mark.parametrize("cls", [Timer, Emitter, dict])
def test_what_need_not_be_started_is_fine(cls: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert notes_of(a_service(providers.Singleton(cls)), caplog) == []


def test_what_no_handler_gets_is_left_to_whoever_uses_it(caplog: pytest.LogCaptureFixture) -> None:
    assert notes_of(a_service(providers.Object(None), database=providers.Singleton(Database)), caplog) == []
