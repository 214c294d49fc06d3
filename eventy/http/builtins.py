"""The routes that every server has, each unless the user has one that answers there."""

from __future__ import annotations

from typing import Any

from sanic import Sanic
from sanic_routing import Route

from eventy.http.health import live, ready
from eventy.http.metrics import metrics


def add_builtins(server: Sanic[Any, Any]) -> None:
    """Add what answers for the application itself."""
    for path, handler in (("health/live", live), ("health/ready", ready), ("metrics", metrics)):
        if not any(_answers(route, path) for route in server.router.routes):
            server.add_route(handler, f"/{path}", name=path.replace("/", "_"))


def _answers(route: Route, path: str) -> bool:
    """Return whether a route is the user's own for a path or those below its first part; a catch-all is not."""
    theirs, ours = route.path.split("/"), path.split("/")
    return theirs[0] == ours[0] and (
        theirs == ours or (theirs[1:] != [] and theirs[1].startswith("<") and len(theirs) <= len(ours))
    )
