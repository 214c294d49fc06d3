"""Middleware, listeners, exception handlers and signals: Sanic's own calls, into which nothing is injected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from inspect import Parameter, signature
from itertools import chain
from typing import Any, TypeAlias

from sanic import Sanic

from eventy.http.application import Application
from eventy.injection import attempt_all, refuse_markers, refuse_parameters

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

# What it is, name, module and line: a blueprint's are in sets, in another order in each process.
_Place: TypeAlias = tuple[str, str, str, int]

_NOTHING = "get nothing injected: "
_BY_REQUEST = 'take what it needs from request["app"].container'
_BY_SANIC = "take what it needs from the Sanic app's ctx.eventy.container"


def refuse_hooks(server: Sanic[Any, Any], app: Application) -> None:
    """Raise InjectionError, naming every parameter that Sanic doesn't fill."""
    attempt_all(*(check for _, check in sorted(_checks(server, app), key=lambda one: one[0])))


def _checks(server: Sanic[Any, Any], app: Application) -> Iterator[tuple[_Place, Callable[[], None]]]:
    """Yield a check for each function, once, with where it is from."""
    for what, function, given in dict.fromkeys(_hooks(server)):
        why = f"{what} {_NOTHING}{_BY_REQUEST if given[:1] == ('request',) else _BY_SANIC}"
        place = _place(what, function)
        if not given:
            yield place, partial(refuse_markers, function, why)
        else:
            names = set(app.container.providers) - {"app", "loop", "request", "response", "exception"}
            yield place, partial(refuse_parameters, function, given, why, names)


def _place(what: str, function: Any) -> _Place:
    line = getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
    return what, str(getattr(function, "__qualname__", "")), str(getattr(function, "__module__", "")), line


def _hooks(server: Any) -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """Yield what it is, the function, and what Sanic gives it by position."""
    for middleware in chain(server.request_middleware, *server.named_request_middleware.values()):
        yield "middleware", middleware.func, ("request",)
    for middleware in chain(server.response_middleware, *server.named_response_middleware.values()):
        yield "middleware", middleware.func, ("request", "response")
    for handler in server.error_handler.cached_handlers.values():
        if handler is not None:
            yield "exception handlers", handler, ("request", "exception")
    for listener in chain(*server.listeners.values()):
        yield "listeners", listener, _given_to(listener)
    for route in server.signal_router.routes:
        listener = getattr(route.handler, "keywords", {}).get("listener")
        if listener is not None:
            yield "listeners", listener, _given_to(listener)
        else:
            yield "signals", route.handler, ()


def _given_to(listener: Callable[..., Any]) -> tuple[str, ...]:
    """Sanic calls a listener with itself, and with the loop as well if it takes two."""
    try:
        parameters = signature(listener).parameters.values()
    except (TypeError, ValueError):
        return ("app",)
    needed = [one for one in parameters if one.default is Parameter.empty and one.kind in _POSITIONAL]
    return ("app", "loop") if len(needed) > 1 else ("app",)
