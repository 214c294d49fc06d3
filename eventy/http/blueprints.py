"""Blueprints are shared: one that a module defines serves every application of the process."""

from __future__ import annotations

from typing import Any

from sanic import Sanic


def release(server: Sanic[Any, Any]) -> None:
    """Have the blueprints of a stopped server forget it, and the server its application.

    They would hold it as long as they live, and add later routes to it. Sanic's routers are in caches of the process,
    so they mustn't lead to the application either.
    """
    routes = set(map(id, server.router.routes))
    for route in server.router.routes:
        route.handler = None
    for ours in ("eventy", "told_of_routes"):
        vars(server.ctx).pop(ours, None)
    for blueprint in server.blueprints.values():
        known: Any = blueprint
        known._apps.discard(server)
        known.routes = [route for route in known.routes if id(route) not in routes]
        known.websocket_routes = [route for route in known.websocket_routes if id(route) not in routes]
