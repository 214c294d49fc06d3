"""Class-based views: each method asks for its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Any

from sanic import Request
from sanic.views import HTTPMethodView
from sanic_routing import Route

from eventy.errors import InjectionError
from eventy.http.application import Application
from eventy.http.validated import passed_by_validate
from eventy.injection import RouteHandler, attempt_all, compile_route, refuse_markers


def compile_view(handler: Any, route: Route, app: Application, path_parameters: tuple[str, ...]) -> RouteHandler:
    """Return what `as_view` made, with everything that the methods of its class ask for.

    The view itself stays as it is: another app of the process may have it too.

    Raises InjectionError, naming every parameter of every method that can't be filled.
    """
    view: type = handler.view_class
    methods = sorted(str(method).upper() for method in route.methods)
    _, *compiled = attempt_all(
        partial(_refuse_around, view),
        *(partial(_compiled, handler, method, app, path_parameters) for method in methods),
    )
    if all(call is handler for call in compiled):
        return handler  # type: ignore[no-any-return]  # as it came
    return _by_method(handler, dict(zip(methods, compiled, strict=True)))


def _by_method(handler: Any, calls: Mapping[str, RouteHandler]) -> RouteHandler:
    def call(request: Request[Any, Any], **path: Any) -> Any:
        return calls[request.method](request, **path)

    described: Any = update_wrapper(call, handler)
    del described.__wrapped__
    return described  # type: ignore[no-any-return]  # the function above


def _compiled(handler: Any, name: str, app: Application, path_parameters: tuple[str, ...]) -> RouteHandler:
    view: type = handler.view_class
    found = _method(view, name)
    if found is None:
        return handler  # type: ignore[no-any-return]  # its own dispatch_request answers
    method, given = found
    passed = passed_by_validate(method) | passed_by_validate(handler)
    return compile_route(method, app.container, app, path_parameters, given, passed=passed, calling=handler)


def _method(view: type, name: str) -> tuple[Callable[..., Any], tuple[str, ...]] | None:
    """Return the method for requests of one kind, and what it gets by position. Without `head`, `get` answers those."""
    for attribute in (name.lower(), "get") if name == "HEAD" else (name.lower(),):
        if (method := getattr(view, attribute, None)) is not None:
            is_bound = isinstance(inspect.getattr_static(view, attribute), (staticmethod, classmethod))
            return method, ("request",) if is_bound else ("self", "request")
    if getattr(view, "dispatch_request", None) is HTTPMethodView.dispatch_request:
        raise InjectionError(f"{view.__qualname__} has a route for {name}, but no method {name.lower()}(): add it")
    return None


def _refuse_around(view: Any) -> None:
    """Refuse markers where nothing is injected: they would be handed in as values."""
    advice = "only methods that answer requests get something injected: ask for it there"
    refuse_markers(view.__init__, advice)
    refuse_markers(view.dispatch_request, advice)
