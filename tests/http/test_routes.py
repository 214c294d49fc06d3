"""Every kind of route that Sanic has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request, Websocket, text
from sanic.views import HTTPMethodView
from websockets.asyncio.client import connect

from eventy.errors import InjectionError
from eventy.http.server import SanicServer
from tests.http.serving import App, Repository, served


async def _get(server: SanicServer, path: str) -> str:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return (await client.get(path)).text


async def test_path_parameters_of_all_forms() -> None:
    blueprint = Blueprint("paths")

    @blueprint.get("/typed/<name:str>/<number:int>/<rest:path>")
    async def typed(
        request: Request[Any, Any], name: str, number: int, rest: str, repository: Repository
    ) -> HTTPResponse:
        return text(f"{name} {number} {rest} {repository.name}")

    @blueprint.get("/file/<file:ext=js|css>")
    async def file(request: Request[Any, Any], file: str, ext: str, repository: Repository) -> HTTPResponse:
        return text(f"{file} {ext} {repository.name}")

    @blueprint.get("/regex/<name:[a-z]{3}>")
    async def regex(request: Request[Any, Any], name: str, repository: Repository) -> HTTPResponse:
        return text(f"{name} {repository.name}")

    async with served(blueprint) as server:
        assert await _get(server, "/typed/a/7/b/c") == "a 7 b/c real"
        assert await _get(server, "/file/page.js") == "page js real"
        assert await _get(server, "/regex/abc") == "abc real"


async def test_websocket() -> None:
    blueprint = Blueprint("sockets")

    async def echo(request: Request[Any, Any], ws: Websocket, name: str, repository: Repository) -> None:
        await ws.send(f"{name} {repository.name} {await ws.recv()!r}")

    blueprint.add_websocket_route(echo, "/echo/<name>")

    async with served(blueprint) as server, connect(f"ws://127.0.0.1:{server.port}/echo/a") as ws:
        await ws.send("hello")
        assert await ws.recv() == "a real 'hello'"


async def test_static_files(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("page")
    server = SanicServer(port=0)
    server.sanic.static("/static", str(tmp_path))
    await server.start(App())
    assert await _get(server, "/static/page.txt") == "page"
    await server.stop()


async def test_class_based_view_without_injection() -> None:
    class View(HTTPMethodView):
        async def get(self, request: Request[Any, Any], name: str) -> HTTPResponse:
            return text(f"view {name}")

    blueprint = Blueprint("views")
    blueprint.add_route(View.as_view(), "/view/<name>")
    async with served(blueprint) as server:
        assert await _get(server, "/view/a") == "view a"


async def test_route_that_does_not_take_the_request_is_named_at_start() -> None:
    blueprint = Blueprint("forgetful")

    @blueprint.get("/parcels/<parcel_id>")
    async def get_parcel(parcel_id: str) -> HTTPResponse:
        raise NotImplementedError

    with pytest.raises(InjectionError, match="doesn't take the request: make it positional parameter 1"):
        SanicServer(port=0, blueprints=[blueprint]).prepare(App())
