"""Tells what the routes of a Sanic app call, and compiles that before the app starts.

Another app of the process has its own calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sanic_routing import Route

from eventy.errors import InjectionError
from eventy.http.application import Application
from eventy.http.validated import passed_by_validate
from eventy.http.views import by_method, methods_of, refuse_view
from eventy.injection import IN_PATH, Mistakes, RouteHandler, attempt_all, compile_route, refuse_sync

# `<name>`, `<name:type>`, `<name:ext>` and `<name=type:ext=…>`.
_PARAMETER = re.compile(r"<([a-zA-Z_]\w*)(?:=\w+)?(:ext\b)?")


@dataclass(frozen=True, slots=True)
class Called:
    """What a route calls.

    Parameters
        label: its methods and its path, `GET /payments/<id:str>`.
        handler: what has the parameters.
        given: what it gets by position at each request.
        passed: the names of what it gets by keyword, and of what each of them is.
        method: the only one that it answers, if it belongs to a view.
    """

    label: str
    handler: RouteHandler
    given: tuple[str, ...]
    passed: Mapping[str, str]
    method: str | None = None


def in_order(routes: Iterable[Route]) -> list[Route]:
    """Return routes by path and methods: Sanic keeps a blueprint's in a set, in another order in each process."""
    return sorted(routes, key=lambda route: (route.path, sorted(route.methods), route.name))


def called_by(route: Route) -> Iterator[Called]:
    """Yield what a route of the user's calls, each method of a view by itself; of a static one, nothing.

    A method of a view that isn't there, or whose requests `dispatch_request` answers by itself, is left out.
    """
    handler: Any = route.handler
    if getattr(route.extra, "static", False):
        return
    path = f"/{route.path}"
    in_path = dict.fromkeys(_path_parameters(route), IN_PATH)
    if hasattr(handler, "view_class"):
        around = passed_by_validate(handler)
        for name, method, given in methods_of(handler.view_class, route.methods):
            yield Called(f"{name} {path}", method, given, in_path | passed_by_validate(method) | around, name)
    elif getattr(route.extra, "websocket", False):
        # Sanic wraps it into a partial of its own handshake: `handshake(handler, request, **path)`.
        listening = handler.args[0]
        passed = in_path | passed_by_validate(listening)
        yield Called(f"WEBSOCKET {path}", listening, ("request", "ws"), passed)
    else:
        methods = ", ".join(sorted(route.methods))
        yield Called(f"{methods} {path}", handler, ("request",), in_path | passed_by_validate(handler))


def compile_routes(routes: Iterable[Route], app: Application) -> list[tuple[RouteHandler, RouteHandler]]:
    """Replace each route's handler by a call with everything that it asks for, and return each with its call.

    Raises InjectionError, naming every parameter of every route that can't be filled. Such a route answers no request.
    """
    mistakes = Mistakes()
    replaced = []
    for route in in_order(routes):
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
    if hasattr(handler, "view_class"):
        return _compiled_view(route, app)
    for called in called_by(route):
        if getattr(route.extra, "websocket", False):
            return _compiled_websocket(handler, called, app)
        return _compile(called, app)
    return handler  # type: ignore[no-any-return]  # Sanic's own


def _compile(called: Called, app: Application, calling: RouteHandler | None = None) -> RouteHandler:
    return compile_route(called.handler, app.container, app, given=called.given, passed=called.passed, calling=calling)


def _path_parameters(route: Route) -> Iterator[str]:
    """Yield the names of what a path passes on; Sanic's router knows them itself only when it is started."""
    for part in route.parts:
        if found := _PARAMETER.match(part):
            yield found[1]
            if found[2]:
                yield "ext"  # an extension is passed beside the name of the file


def _compiled_view(route: Route, app: Application) -> RouteHandler:
    """Compile each method of a view. The view itself stays as it is: another app of the process may have it too."""
    view: Any = route.handler
    called = tuple(called_by(route))
    _, *compiled = attempt_all(
        partial(refuse_view, view.view_class, route.methods), *(partial(_compile, one, app, view) for one in called)
    )
    if all(call is view for call in compiled):
        return view  # type: ignore[no-any-return]  # as it came
    return by_method(view, {one.method: call for one, call in zip(called, compiled, strict=True)})


def _compiled_websocket(handler: Any, called: Called, app: Application) -> RouteHandler:
    refuse_sync(called.handler)
    compiled = _compile(called, app)
    if compiled is called.handler:
        return handler  # type: ignore[no-any-return]  # as it came
    replaced = partial(handler.func, compiled, *handler.args[1:], **handler.keywords)
    replaced.__dict__.update(handler.__dict__)  # `is_websocket`, which Sanic looks for
    return replaced
