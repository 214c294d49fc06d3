"""Serving, starting and failing to start."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
import uvloop
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request, Sanic, text

from eventy.errors import ConfigurationError, InjectionError, SettingsError
from eventy.http.server import SanicServer
from tests.http.serving import App, Repository, served


def payments() -> Blueprint:
    blueprint = Blueprint("payments")

    @blueprint.get("/payments/<payment_id>")
    async def show(request: Request[Any, Any], payment_id: str, repository: Repository) -> HTTPResponse:
        return text(f"{payment_id} {repository.name}")

    @blueprint.get("/app")
    async def app(request: Request[Any, Any]) -> HTTPResponse:
        return text(type(request["app"]).__name__)  # type: ignore[index]  # the server's own class of requests

    return blueprint


async def _get(server: SanicServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return await client.get(path)


async def test_two_servers_of_one_process_and_one_blueprint() -> None:
    blueprint, one, other = payments(), App(), App()
    async with served(blueprint, app=one) as first, served(blueprint, app=other) as second:
        with one.container.repository.override(providers.Object(Repository("fake"))):
            assert (await _get(first, "/payments/7")).text == "7 fake"
            assert (await _get(second, "/payments/7")).text == "7 real"
        assert (await _get(first, "/payments/7")).text == "7 real"


@pytest.mark.parametrize(
    ("blueprints", "told"),
    [
        (Blueprint("alone"), r"blueprints is .*alone.* \(Blueprint\), expected blueprints of Sanic's"),
        ("web.bp", r"blueprints is 'web.bp' \(str\), expected"),
        ([payments(), payments], r"<function payments .*> \(function\) is among the blueprints, expected"),
    ],
)
def test_what_is_no_blueprint_is_refused(blueprints: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        SanicServer(blueprints=blueprints)


async def test_request_leads_to_the_application() -> None:
    async with served(payments()) as server:
        assert (await _get(server, "/app")).text == "App"


async def test_request_has_nothing_else() -> None:
    server = SanicServer()
    request_class: Any = server.sanic.request_class
    with pytest.raises(KeyError, match="a request has 'app' only, not 'db'"):
        request_class(b"/", {}, "1.1", "GET", None, server.sanic)["db"]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_any_event_loop(new_loop: Any) -> None:
    async def scenario() -> None:
        async with served(payments()) as server:
            assert (await _get(server, "/payments/7")).text == "7 real"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())


async def test_sanic_app_is_the_users_own() -> None:
    server, listened = SanicServer(port=0), []

    @server.sanic.before_server_start
    async def before(sanic: Sanic[Any, Any]) -> None:
        listened.append("before start")

    @server.sanic.after_server_stop
    async def after(sanic: Sanic[Any, Any]) -> None:
        listened.append("after stop")

    @server.sanic.on_request
    async def middleware(request: Request[Any, Any]) -> HTTPResponse | None:
        return text("teapot", status=418) if request.path == "/teapot" else None

    await server.start(App())
    assert (await _get(server, "/teapot")).status_code == 418
    await server.stop()
    assert listened == ["before start", "after stop"]


async def test_address() -> None:
    server = SanicServer(host="0.0.0.0", port=8123)
    assert server.url == "http://127.0.0.1:8123"
    assert SanicServer(host="::1", port=8123).url == "http://[::1]:8123"


async def test_taken_port_is_named_with_its_setting() -> None:
    async with served() as server:
        other = SanicServer(port=server.port)
        with pytest.raises(SettingsError) as raised:
            await other.start(App())
    heading, mistake = str(raised.value).splitlines()
    assert heading == "1 setting can't be used:"
    assert mistake == (
        f"  EVENTY_HTTP_HANDLER_PORT: can't listen on 127.0.0.1:{server.port} (Address already in use); "
        f"set another one, or stop what uses it"
    )


async def test_unknown_host_is_named_with_its_setting() -> None:
    with pytest.raises(SettingsError, match=r"EVENTY_HTTP_HANDLER_HOST: can't listen on no\.such\.host\.invalid:80"):
        await SanicServer(host="no.such.host.invalid", port=80).start(App())


async def test_failed_start_leaves_nothing_behind() -> None:
    server = SanicServer(port=0)

    @server.sanic.after_server_start
    async def fail(sanic: Sanic[Any, Any]) -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await server.start(App())
    with socket.create_server((server.host, server.port)):
        pass
    await server.stop()
    assert not any(sanic is server.sanic for sanic in Sanic._app_registry.values())


async def test_server_that_was_stopped_is_forgotten_by_sanic() -> None:
    async with served() as server:
        assert Sanic.get_app(server.sanic.name) is server.sanic
    assert server.sanic.name not in Sanic._app_registry


def test_server_that_was_never_started_is_forgotten_by_sanic() -> None:
    name = SanicServer().sanic.name
    assert name not in Sanic._app_registry


async def test_mistakes_of_all_routes_come_together() -> None:
    blueprint = Blueprint("wrong")

    @blueprint.get("/one")
    async def one(request: Request[Any, Any], repo: Repository) -> HTTPResponse | None: ...

    @blueprint.get("/two/<payment_id>")
    async def two(request: Request[Any, Any], context: object) -> HTTPResponse | None: ...

    server = SanicServer(port=0, blueprints=(payments(), blueprint))
    with pytest.raises(InjectionError) as raised:
        await server.start(App())
    first, second = sorted(str(raised.value).splitlines())
    assert first.startswith(f"test_mistakes_of_all_routes_come_together.<locals>.one ({__file__}:")
    assert (
        "parameter 'repo: Repository': the root container has no provider 'repo' (closest: 'repository'): add it there"
    ) in first
    assert second.endswith("doesn't take 'payment_id' of its path: add the parameter")


async def test_server_is_started_once() -> None:
    async with served(payments()) as server:
        pass
    with pytest.raises(ConfigurationError, match="has been started before"):
        await server.start(App())
