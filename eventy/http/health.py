"""`/health/live`: the process answers. `/health/ready`: it may be given work."""

from __future__ import annotations

from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import json
from sanic_routing import Route

from eventy.http.request import application_of


async def live(request: Request[Any, Any]) -> HTTPResponse:
    """Tell that the process answers."""
    return json({"status": "live"})


async def ready(request: Request[Any, Any]) -> HTTPResponse:
    """Tell whether all components are ready, and for those that aren't, why."""
    if reasons := application_of(request.app).readiness():
        return json({"status": "not ready", "reasons": dict(reasons)}, status=503)
    return json({"status": "ready"})


def add_health(server: Sanic[Any, Any]) -> None:
    """Add both routes, each unless the user has one that answers there."""
    for path, handler in (("health/live", live), ("health/ready", ready)):
        if not any(_answers(route, path) for route in server.router.routes):
            server.add_route(handler, f"/{path}", name=path.replace("/", "_"))


def _answers(route: Route, path: str) -> bool:
    """Return whether a route is the user's own for a path below /health; one that catches every path is not."""
    theirs, ours = route.path.split("/"), path.split("/")
    return theirs[0] == ours[0] and (
        theirs == ours or (theirs[1:] != [] and theirs[1].startswith("<") and len(theirs) <= len(ours))
    )
