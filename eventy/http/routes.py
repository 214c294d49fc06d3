"""Compiles the routes of one Sanic app, before it starts. Another app of the process has its own calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from sanic import Sanic
from sanic_routing import Route

from eventy.errors import InjectionError
from eventy.http.application import Application
from eventy.http.openapi import carry_over
from eventy.injection import Mistakes, RouteHandler, compile_route

# `<name>`, `<name:type>`, `<name:ext>` and `<name=type:ext=…>`.
_PARAMETER = re.compile(r"<([a-zA-Z_]\w*)(?:=\w+)?(:ext)?")


def compile_routes(server: Sanic[Any, Any], app: Application) -> None:
    """Replace each route's handler by a call with everything that it asks for.

    Raises InjectionError, naming every parameter of every route that can't be filled.
    """
    mistakes = Mistakes()
    for route in server.router.routes:
        if not getattr(route.extra, "static", False):
            with mistakes.collected():
                compiled = _compiled(route, app)
                if compiled is not route.handler:
                    carry_over(route.handler, compiled)
                    route.handler = compiled
    mistakes.raise_any()


def _compiled(route: Route, app: Application) -> RouteHandler:
    handler: Any = route.handler
    path_parameters = tuple(_path_parameters(route))
    if view := getattr(handler, "view_class", None):
        _refuse_injection(view, route, app, path_parameters)
        return handler  # type: ignore[no-any-return]  # as it came
    if getattr(route.extra, "websocket", False):
        return _compiled_websocket(handler, app, path_parameters)
    return compile_route(handler, app.container, app, path_parameters)


def _path_parameters(route: Route) -> Iterator[str]:
    """Yield the names of what a path passes on; Sanic's router knows them itself only when it is started."""
    for part in route.parts:
        if found := _PARAMETER.match(part):
            yield found[1]
            if found[2]:
                yield "ext"  # an extension is passed beside the name of the file


def _compiled_websocket(handler: Any, app: Application, path_parameters: tuple[str, ...]) -> RouteHandler:
    """Compile what Sanic wraps into a partial of its own handshake: `handshake(handler, request, **path)`."""
    given, *more = handler.args
    compiled = compile_route(given, app.container, app, path_parameters, given=("request", "ws"))
    if compiled is given:
        return handler  # type: ignore[no-any-return]  # as it came
    replaced = partial(handler.func, compiled, *more, **handler.keywords)
    replaced.__dict__.update(handler.__dict__)  # `is_websocket`, which Sanic looks for
    return replaced


def _refuse_injection(view: type, route: Route, app: Application, path_parameters: tuple[str, ...]) -> None:
    for method in _methods(view, route):
        if compile_route(method, app.container, app, path_parameters, given=("self", "request")) is not method:
            raise InjectionError(
                f"{method.__qualname__} asks for injected parameters, but methods of class-based views get none: "
                f'write a function for this route, or read request["app"].container'
            )


def _methods(view: type, route: Route) -> Iterator[Any]:
    for name in route.methods:
        if (method := getattr(view, name.lower(), None)) is not None:
            yield method
