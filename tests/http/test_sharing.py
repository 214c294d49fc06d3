"""What one application of a process leaves to the next: nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request, Websocket, text
from sanic.views import HTTPMethodView
from websockets.asyncio.client import connect

from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, Repository, ask, refused, served

AnyRequest = Request[Any, Any]


def _blueprint() -> Blueprint:
    blueprint = Blueprint("shared")

    @blueprint.get("/<name>")
    async def show(request: AnyRequest, name: str, repository: Repository) -> HTTPResponse:
        return text(f"{name} {repository.name}")

    async def listen(request: AnyRequest, ws: Websocket, repository: Repository) -> None:
        await ws.send(repository.name)

    class View(HTTPMethodView):
        async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
            return text(repository.name)

    blueprint.add_websocket_route(listen, "/ws/it")
    blueprint.add_route(View.as_view(), "/view/it")
    return blueprint


async def test_each_application_fills_its_own_calls() -> None:
    blueprint, apps = _blueprint(), (App(), App())
    async with served(blueprint, app=apps[0]) as first, served(blueprint, app=apps[1]) as second:
        for app, server in zip(apps, (first, second), strict=True):
            with app.container.repository.override(providers.Object(Repository("fake"))):
                said = []
                for one in (first, second):
                    said += [(await ask(one, path)).text for path in ("/a", "/view/it")]
                    async with connect(f"ws://127.0.0.1:{one.port}/ws/it") as ws:
                        said.append(str(await ws.recv()))
                fake, real = ["a fake", "fake", "fake"], ["a real", "real", "real"]
                assert said == (fake + real if server is first else real + fake)


async def test_same_name_is_provided_differently() -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Repository]:
        yield Repository("opened")

    blueprint, entering, without = _blueprint(), App(), App()
    entering.container.set_provider("repository", providers.Factory(opened))
    without.container = type(without.container)()
    async with served(blueprint, app=entering) as first, served(blueprint, app=App()) as second:
        assert (await ask(first, "/a")).text == "a opened"
        assert (await ask(second, "/a")).text == "a real"


async def test_mistake_of_one_application_is_none_of_the_other() -> None:
    blueprint, one, other = Blueprint("shared"), App(), App()
    one.container.set_provider("more", providers.Object("more"))

    @blueprint.get("/")
    async def show(request: AnyRequest, it: str = Provide["more"]) -> HTTPResponse:
        return text(it)

    async with served(blueprint, app=one) as server:
        (said,) = refused(SanicServer(port=0, blueprints=[blueprint]), other)
        assert "the root container has no provider 'more'" in said
        assert (await ask(server, "/")).text == "more"


async def test_stopped_application_is_not_kept_by_its_blueprints() -> None:
    blueprint, app = _blueprint(), App()
    async with served(blueprint, app=app) as server:
        assert (await ask(server, "/docs/openapi.json")).status_code == 200
    kept = weakref.ref(app)
    del app, server
    async with served(blueprint):  # whose pages take the place of the first one's
        pass
    gc.collect()
    assert kept() is None
