"""`/health/live`: the process answers. `/health/ready`: it may be given work."""

from __future__ import annotations

from typing import Any

from sanic import HTTPResponse, Request
from sanic.response import json

from eventy.http.request import application_of


async def live(request: Request[Any, Any]) -> HTTPResponse:
    """Tell that the process answers."""
    return json({"status": "live"})


async def ready(request: Request[Any, Any]) -> HTTPResponse:
    """Tell whether all components are ready, and for those that aren't, why."""
    if reasons := application_of(request.app).readiness():
        return json({"status": "not ready", "reasons": dict(reasons)}, status=503)
    return json({"status": "ready"})
