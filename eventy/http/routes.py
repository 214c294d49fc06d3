"""Compiles the routes of one Sanic app, before it starts. Another app of the process has its own calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from sanic_routing import Route

from eventy.errors import InjectionError
from eventy.http.application import Application
from eventy.http.validated import passed_by_validate
from eventy.http.views import compile_view
from eventy.injection import Mistakes, RouteHandler, compile_route, refuse_sync

# `<name>`, `<name:type>`, `<name:ext>` and `<name=type:ext=…>`.
_PARAMETER = re.compile(r"<([a-zA-Z_]\w*)(?:=\w+)?(:ext\b)?")


def compile_routes(routes: Iterable[Route], app: Application) -> list[tuple[RouteHandler, RouteHandler]]:
    """Replace each route's handler by a call with everything that it asks for, and return each with its call.

    Raises InjectionError, naming every parameter of every route that can't be filled. Such a route answers no request.
    """
    mistakes = Mistakes()
    replaced = []
    for route in routes:
        handler = route.handler
        with mistakes.collected():
            try:
                compiled = _compiled(route, app)
            except InjectionError as error:
                route.handler = _refusing(str(error))
                raise
            if compiled is not handler:
                route.handler = compiled
                replaced.append((handler, compiled))
    mistakes.raise_any()
    return replaced


def _refusing(mistake: str) -> RouteHandler:
    async def refuse(*_: object, **__: object) -> None:
        raise InjectionError(mistake)

    return refuse


def _compiled(route: Route, app: Application) -> RouteHandler:
    handler: Any = route.handler
    if getattr(route.extra, "static", False):
        return handler  # type: ignore[no-any-return]  # Sanic's own
    path_parameters = tuple(_path_parameters(route))
    if hasattr(handler, "view_class"):
        return compile_view(handler, route, app, path_parameters)
    if getattr(route.extra, "websocket", False):
        return _compiled_websocket(handler, app, path_parameters)
    return compile_route(handler, app.container, app, path_parameters, passed=passed_by_validate(handler))


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
    refuse_sync(given)
    compiled = compile_route(given, app.container, app, path_parameters, given=("request", "ws"))
    if compiled is given:
        return handler  # type: ignore[no-any-return]  # as it came
    replaced = partial(handler.func, compiled, *more, **handler.keywords)
    replaced.__dict__.update(handler.__dict__)  # `is_websocket`, which Sanic looks for
    return replaced
