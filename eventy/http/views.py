"""Class-based views: each method asks for its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, update_wrapper
from typing import Any

from sanic import Request
from sanic.views import HTTPMethodView

from eventy.errors import InjectionError
from eventy.injection import RouteHandler, attempt_all, refuse_markers


def methods_of(view: type, names: Iterable[str]) -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """Yield the methods of a view that answer requests: for which ones, the method, and what it gets by position.

    Parameters
        names: what the requests of its route are, `GET` for example.
    """
    for name in sorted(name.upper() for name in names):
        for attribute in _attributes(name):
            if (method := getattr(view, attribute, None)) is not None:
                is_bound = isinstance(inspect.getattr_static(view, attribute), (staticmethod, classmethod))
                yield name, method, ("request",) if is_bound else ("self", "request")
                break


def refuse_view(view: type, names: Iterable[str]) -> None:
    """Raise InjectionError for requests that no method answers, and for markers where nothing is injected."""
    answered = {name for name, _, _ in methods_of(view, names)}
    missing = sorted({name.upper() for name in names} - answered)
    attempt_all(partial(_refuse_around, view), *(partial(_refuse_missing, view, name) for name in missing))


def by_method(view: Any, calls: Mapping[str | None, RouteHandler]) -> RouteHandler:
    """Return what has requests answered by the calls of their methods, else by the view, as `as_view` made it."""

    def call(request: Request[Any, Any], **path: Any) -> Any:
        return calls.get(request.method, view)(request, **path)

    described: Any = update_wrapper(call, view)
    del described.__wrapped__
    return described  # type: ignore[no-any-return]  # the function above


def _attributes(name: str) -> tuple[str, ...]:
    """Return which methods may answer requests of one kind: without `head`, `get` answers those."""
    return ("head", "get") if name == "HEAD" else (name.lower(),)


def _refuse_missing(view: Any, name: str) -> None:
    if getattr(view, "dispatch_request", None) is HTTPMethodView.dispatch_request:
        raise InjectionError(f"{view.__qualname__} has a route for {name}, but no method {name.lower()}(): add it")


def _refuse_around(view: Any) -> None:
    """Refuse markers where nothing is injected: they would be handed in as values."""
    advice = "only methods that answer requests get something injected: ask for it there"
    refuse_markers(view.__init__, advice)
    refuse_markers(view.dispatch_request, advice)
