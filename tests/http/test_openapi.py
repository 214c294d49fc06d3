"""The OpenAPI pages."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request, text
from sanic.views import HTTPMethodView
from sanic_ext import Extend, openapi

from eventy.http.server import SanicServer
from tests.http.serving import App, Repository, served


def documented(path: str) -> Blueprint:
    blueprint = Blueprint("documented")

    @blueprint.get(f"/{path}/<payment_id:str>")
    @openapi.summary("Show a payment")
    @openapi.response(404, description="there is none")
    async def show(request: Request[Any, Any], payment_id: str, repository: Repository) -> HTTPResponse:
        """openapi:
        ---
        description: By its id.
        """
        return text(payment_id)

    return blueprint


async def _get(server: SanicServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return await client.get(path)


async def test_pages_show_the_path_but_nothing_injected() -> None:
    async with served(documented("payments")) as server:
        assert "<html" in (await _get(server, "/docs")).text
        paths = (await _get(server, "/docs/openapi.json")).json()["paths"]
    shown = paths["/payments/{payment_id}"]["get"]
    assert shown["summary"] == "Show a payment"
    assert shown["description"] == "By its id."
    assert "404" in shown["responses"]
    assert [parameter["name"] for parameter in shown["parameters"]] == ["payment_id"]


async def test_second_server_of_the_process_has_none(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "eventy.http.openapi"):
        async with served(documented("one")) as first, served(documented("two")) as second:
            assert (await _get(first, "/docs/openapi.json")).status_code == 200
            assert (await _get(second, "/docs/openapi.json")).status_code == 404
    assert caplog.messages == [
        f"{second.sanic.name} has no /docs: {first.sanic.name} has them, and a process has one set"
    ]


async def test_next_server_has_its_own_pages() -> None:
    async with served(documented("before")):
        pass
    async with served(documented("after")) as server:
        paths = (await _get(server, "/docs/openapi.json")).json()["paths"]
    assert set(paths) == {"/after/{payment_id}", "/health/live", "/health/ready", "/metrics"}


class Controller:
    @openapi.summary("Bound")
    async def show(self, request: Request[Any, Any], repository: Repository) -> HTTPResponse:
        return text(repository.name)


async def test_pages_show_views_and_methods_without_what_is_injected() -> None:
    class View(HTTPMethodView):
        @openapi.summary("Show")
        async def get(self, request: Request[Any, Any], name: str, repository: Repository) -> HTTPResponse:
            return text(f"{name} {repository.name}")

        async def put(self, request: Request[Any, Any], name: str, repository: Repository) -> HTTPResponse:
            """Change it."""
            return text(name)

    blueprint = Blueprint("more")
    blueprint.add_route(View.as_view(), "/view/<name>")
    blueprint.add_route(Controller().show, "/bound")
    async with served(blueprint) as server:
        paths = (await _get(server, "/docs/openapi.json")).json()["paths"]
        assert (await _get(server, "/bound")).text == "real"
    view = paths["/view/{name}"]
    assert (view["get"]["summary"], view["put"]["summary"]) == ("Show", "Change it.")
    assert [[one["name"] for one in view[method]["parameters"]] for method in ("get", "put")] == [["name"], ["name"]]
    assert paths["/bound"]["get"]["summary"] == "Bound"
    assert "repository" not in str(paths)


async def test_app_that_is_extended_by_its_user_keeps_all_of_it() -> None:
    server = SanicServer(port=0, blueprints=[documented("own")])
    Extend(server.sanic)  # with its OPTIONS and HEAD, its injection and its pages
    await server.start(App())
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/own/7")).text == "7"
        assert (await client.head("/own/7")).status_code == 200
        assert (await client.options("/own/7")).status_code == 204
        paths = (await client.get("/docs/openapi.json")).json()["paths"]
    await server.stop()
    assert paths["/own/{payment_id}"]["get"]["summary"] == "Show a payment"
