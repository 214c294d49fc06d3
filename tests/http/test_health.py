"""Liveness and readiness."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request, text

from eventy.http.server import SanicServer
from tests.http.serving import App, served


async def _get(server: SanicServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return await client.get(path)


async def test_live_and_ready() -> None:
    async with served() as server:
        live, ready = await _get(server, "/health/live"), await _get(server, "/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_not_ready_says_why() -> None:
    app = App()
    app.reasons["payment_commands"] = "no assignment yet"
    async with served(app=app) as server:
        ready, live = await _get(server, "/health/ready"), await _get(server, "/health/live")
    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "reasons": {"payment_commands": "no assignment yet"}}
    assert live.status_code == 200


@pytest.mark.parametrize(
    ("uri", "theirs", "ours"),
    [
        ("/health/ready", ["/health/ready"], ["/health/live"]),
        ("/health/<kind>", ["/health/ready", "/health/live"], []),
        ("/health/<rest:path>", ["/health/ready", "/health/live"], []),
        ("/other/<kind>", ["/other/ready"], ["/health/ready", "/health/live"]),
        ("/health", ["/health"], ["/health/ready", "/health/live"]),
        ("/<rest:path>", ["/other"], ["/health/ready", "/health/live"]),
    ],
)
async def test_route_of_the_users_wins(uri: str, theirs: list[str], ours: list[str]) -> None:
    blueprint = Blueprint("own")

    @blueprint.get(uri)
    async def own(request: Request[Any, Any], **path: str) -> HTTPResponse:
        return text("own")

    async with served(blueprint) as server:
        assert [(await _get(server, path)).text for path in theirs] == ["own"] * len(theirs)
        assert [(await _get(server, path)).json()["status"] for path in ours] == [path[8:] for path in ours]
