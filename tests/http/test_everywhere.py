"""The rules of injection hold for whatever answers requests: each kind of route, served and asked by a real client."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Sanic, text
from sanic.views import HTTPMethodView
from websockets.asyncio.client import connect

from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, ask, refused, served
from tests.injection.application import Repository, SqlRepository, a_container

seen: list[dict[str, Any]] = []

# What a route gets by position depends on its kind: the request, the view and the request, the request and the socket.


async def answer(
    first: object,
    second: object = None,
    *,
    draft: str,  # of the path, though a provider is called so
    app: App,
    corr_id: str,
    payment_repository: Repository,
    marked: Annotated[Repository, Provide["draft"]],
    again: Annotated[Repository, Provide["draft"]],
    optional: Annotated[Repository | None, Provide["payment.repository"]],
    event_emitter: object = 10,
    shapes: object = None,
    amount: int = Provide["config.limits.amount"],
) -> HTTPResponse:
    seen.append(dict(locals()))
    return text("")


async def misspell(first: object, second: object = None, *, draft: str, payment_repo: Repository) -> None: ...


async def ask_for_a_message(first: object, second: object = None, *, draft: str, context: object) -> None: ...


async def ask_for_settings(first: object, second: object = None, *, draft: str, config: object) -> None: ...


async def ask_what_is_nested(first: object, second: object = None, *, draft: str, repository: object) -> None: ...


async def ask_what_does_not_fit(first: object, second: object = None, *, draft: str, event_emitter: int) -> None: ...


async def ask_for_another_app(first: object, second: object = None, *, draft: str, app: Sanic[Any, Any]) -> None: ...


async def ask_for_a_number(first: object, second: object = None, *, draft: str, corr_id: int) -> None: ...


MISTAKES = [
    (misspell, "the root container has no provider 'payment_repo' (closest: 'payment_repository'"),
    (ask_for_a_message, "parameter 'context: object': there is no context here, since no message is being handled"),
    (ask_for_settings, "parameter 'config: object': "),
    (ask_what_is_nested, "the root container has no provider 'repository'"),
    (ask_what_does_not_fit, "parameter 'event_emitter: int': "),
    (ask_for_another_app, "it gets the app, a App: correct the annotation, or call the parameter something else"),
    (ask_for_a_number, "parameter 'corr_id: int': it gets the corr_id, a str: correct the annotation"),
]


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return wrapper


def an_object(function: Any) -> Any:
    class Object:
        async def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

    return functools.update_wrapper(Object(), function)


def a_view(method: Any, **more: Any) -> Any:
    view: Any = type("View", (HTTPMethodView,), {"get": method, **more})
    return view.as_view()


KINDS: dict[str, Callable[[Any], Any]] = {
    "function": lambda function: function,
    "decorated function": decorated,
    "partial": lambda function: functools.update_wrapper(functools.partial(function), function),
    "object": an_object,
    "method of a view": a_view,
    "static method of a view": lambda function: a_view(staticmethod(function)),
    "decorated method of a view": lambda function: a_view(decorated(function)),
    "method of a decorated view": lambda function: a_view(function, decorators=[decorated]),
    "websocket": lambda function: function,
    "decorated websocket": decorated,
}

each_kind = pytest.mark.parametrize("kind", KINDS)


def routed(kind: str, function: Any) -> Blueprint:
    blueprint = Blueprint("routes")
    add = blueprint.add_websocket_route if "websocket" in kind else blueprint.add_route
    add(KINDS[kind](function), "/<draft>")
    return blueprint


async def get(server: SanicServer, kind: str) -> None:
    headers = {"X-Correlation-ID": "c-1"}
    if "websocket" in kind:
        async with connect(f"ws://127.0.0.1:{server.port}/7", additional_headers=headers) as ws:
            await ws.wait_closed()
    else:
        assert (await ask(server, "/7", headers=headers)).status_code == 200


def an_app() -> App:
    app = App()
    app.container = a_container()
    return app


@each_kind
async def test_rules_hold_for_every_kind_of_route(kind: str) -> None:
    seen.clear()
    app = an_app()
    async with served(routed(kind, answer), app=app) as server:
        await get(server, kind)
        with app.container.payment_repository.override(providers.Object("fake")):
            await get(server, kind)
    got, other = seen
    assert (got["draft"], got["app"], got["corr_id"]) == ("7", app, "c-1")
    assert got["payment_repository"] is got["optional"] is app.container.payment.repository()
    assert isinstance(got["payment_repository"], SqlRepository)
    assert (got["event_emitter"], got["shapes"], got["amount"]) == (10, None, 100)
    assert type(got["marked"]) is Repository
    assert got["marked"] is got["again"]
    assert other["marked"] is not got["marked"]
    assert (other["payment_repository"], other["optional"]) == ("fake", "fake")


@each_kind
@pytest.mark.parametrize(("mistaken", "text"), MISTAKES)
def test_mistakes_end_the_start_of_every_kind_of_route(kind: str, mistaken: Any, text: str) -> None:
    (said,) = refused(SanicServer(port=0, blueprints=[routed(kind, mistaken)]), an_app())
    assert f"{mistaken.__name__} ({__file__}:{mistaken.__code__.co_firstlineno})" in said
    assert text in said
