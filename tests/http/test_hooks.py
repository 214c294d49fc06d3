"""Middleware, listeners, exception handlers and signals get nothing injected, and are told so at the start."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pytest
from sanic import Blueprint, HTTPResponse, Request, Sanic, text

from eventy.errors import InjectionError
from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, Repository, ask, refused

AnyRequest = Request[Any, Any]


IT = Provide["repository"]
BY_REQUEST = 'take what it needs from request["app"].container'
BY_SANIC = "take what it needs from the Sanic app's ctx.eventy.container"


async def on_request(request: AnyRequest, it: Any = IT) -> None: ...


async def on_response(request: AnyRequest, response: HTTPResponse, it: Annotated[Any, IT] = None) -> None: ...


async def on_exception(request: AnyRequest, exception: Exception, it: Any = IT) -> None: ...


async def before_start(app: Sanic[Any, Any], it: Any = IT) -> None: ...


def after_stop(app: Sanic[Any, Any], loop: Any, it: Any = IT) -> None: ...


async def on_signal(it: Any = IT) -> None: ...


async def show(request: AnyRequest) -> HTTPResponse:
    return text(request.ctx.name)


@pytest.mark.parametrize("owner", ["server", "blueprint"])
def test_markers_are_refused(owner: str) -> None:
    server, blueprint = SanicServer(port=0), Blueprint("hooked")
    blueprint.add_route(show, "/")
    at: Any = {"server": server.sanic, "blueprint": blueprint}[owner]
    at.on_request(on_request)
    at.on_response(on_response)
    at.exception(ValueError)(on_exception)
    at.before_server_start(before_start)
    at.after_server_stop(after_stop)
    at.signal("payment.was.made")(on_signal)
    server.sanic.blueprint(blueprint)
    assert [re.sub(r" \(.*\d\)", "", line) for line in refused(server)] == [
        f"after_stop: parameter 'it: Any': listeners get nothing injected: {BY_SANIC}",
        f"before_start: parameter 'it: Any': listeners get nothing injected: {BY_SANIC}",
        f"on_exception: parameter 'it: Any': exception handlers get nothing injected: {BY_REQUEST}",
        f"on_request: parameter 'it: Any': middleware get nothing injected: {BY_REQUEST}",
        f"on_response: parameter 'it: Annotated[Any, {IT!r}]': middleware get nothing injected: {BY_REQUEST}",
        f"on_signal: parameter 'it: Any': signals get nothing injected: {BY_SANIC}",
    ]


def test_parameters_that_sanic_does_not_fill_are_refused() -> None:
    async def middleware(request: AnyRequest, repository: Repository) -> None: ...

    async def early(app: Sanic[Any, Any], repository: Repository) -> None: ...

    async def listener(app: Sanic[Any, Any], repository: Repository) -> None: ...  # it would get the loop

    async def forgetful() -> None: ...

    server = SanicServer(port=0)
    sanic: Any = server.sanic
    sanic.on_request(middleware)
    sanic.main_process_start(early)
    sanic.before_server_start(listener)
    sanic.after_server_start(forgetful)
    early_, forgetful_, listener_, middleware_ = refused(server)
    assert "early" in early_
    assert "parameter 'repository: Repository': listeners get nothing injected" in early_
    assert forgetful_.endswith("doesn't take the app: make it positional parameter 1")
    assert "parameter 'repository: Repository': listeners get nothing injected" in listener_
    assert "parameter 'repository: Repository': middleware get nothing injected" in middleware_


async def test_what_sanic_fills_is_left_alone() -> None:
    seen = []

    async def with_more(repository: Sanic[Any, Any], limit: int = 1) -> None:  # the first is Sanic's, whatever its name
        seen.append(repository.ctx.eventy.container.repository().name)

    def middleware(request: Any) -> None:
        request.ctx.name = request["app"].container.repository().name

    server = SanicServer(port=0)
    sanic: Any = server.sanic
    sanic.before_server_start(with_more)
    sanic.after_server_stop(lambda app: seen.append("stopped"))
    sanic.on_request(middleware)
    sanic.add_route(show, "/")
    await server.start(App())
    assert (await ask(server, "/")).text == "real"
    await server.stop()
    assert seen == ["real", "stopped"]


async def test_listener_may_take_the_loop() -> None:
    async def with_loop(app: Sanic[Any, Any], loop: Any) -> None: ...

    server = SanicServer(port=0)
    sanic: Any = server.sanic
    sanic.before_server_start(with_loop)
    with pytest.warns(DeprecationWarning, match="Passing the loop argument to listeners is deprecated"):
        await server.start(App())
    await server.stop()


async def test_mistake_that_a_listener_adds_ends_the_start() -> None:
    async def add(app: Any) -> None:
        app.on_request(on_request)

    server = SanicServer(port=0)
    sanic: Any = server.sanic
    sanic.before_server_start(add)
    with pytest.raises(InjectionError, match=r"on_request .* parameter 'it: Any': middleware get nothing injected"):
        await server.start(App())
