"""Routes that are added late: by a listener, or while the server runs."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request, text
from sanic.views import HTTPMethodView
from websockets.asyncio.client import connect

from eventy.errors import InjectionError
from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, Repository, ask

AnyRequest = Request[Any, Any]


async def show(request: AnyRequest, name: str, repository: Repository) -> HTTPResponse:
    return text(f"{name} {repository.name}")


async def wrong(request: AnyRequest, repo: Repository) -> None: ...


async def worse(request: AnyRequest, it: Any = Provide["nobody"]) -> HTTPResponse:
    return text("it ran")


class View(HTTPMethodView):
    async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
        return text(f"view {repository.name}")


async def listen(request: AnyRequest, ws: Any, repository: Repository) -> None:
    await ws.send(repository.name)


@pytest.mark.parametrize("event", ["before_server_start", "after_server_start"])
async def test_listener_adds_routes(event: str) -> None:
    server = SanicServer(port=0)

    @server.sanic.listener(event)
    async def add(sanic: Any) -> None:
        blueprint = Blueprint("late", url_prefix="/late")
        blueprint.add_route(show, "/<name>")
        sanic.blueprint(blueprint)
        sanic.add_route(View.as_view(), "/view")
        sanic.add_websocket_route(listen, "/ws")

    await server.start(App())
    assert (await ask(server, "/late/a")).text == "a real"
    assert (await ask(server, "/view")).text == "view real"
    async with connect(f"ws://127.0.0.1:{server.port}/ws") as ws:
        assert await ws.recv() == "real"
    await server.stop()


@pytest.mark.parametrize("event", ["before_server_start", "after_server_start"])
async def test_mistakes_of_a_listener_come_together(event: str) -> None:
    server = SanicServer(port=0)

    @server.sanic.listener(event)
    async def add(sanic: Any) -> None:
        sanic.add_route(wrong, "/wrong")
        sanic.add_route(worse, "/worse")

    with pytest.raises(InjectionError) as raised:
        await server.start(App())
    first, second = str(raised.value).splitlines()
    assert "no provider 'repo' (closest: 'repository')" in first
    assert "no provider 'nobody'" in second


async def test_route_is_added_while_the_server_runs() -> None:
    server, app = SanicServer(port=0), App()
    await server.start(app)
    assert (await ask(server, "/late/a")).status_code == 404
    server.sanic.add_route(show, "/late/<name>")
    assert (await ask(server, "/late/a")).text == "a real"
    with app.container.repository.override(providers.Object(Repository("fake"))):
        assert (await ask(server, "/late/a")).text == "a fake"
    with pytest.raises(InjectionError, match="no provider 'nobody'"):
        server.sanic.add_route(worse, "/worse")
    assert (await ask(server, "/worse")).status_code == 500
    await server.stop()
