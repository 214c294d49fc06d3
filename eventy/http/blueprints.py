"""Blueprints are shared: one that a module defines serves every application of the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sanic import Blueprint, Sanic
from sanic.blueprints import BlueprintGroup

from eventy.errors import ConfigurationError


def checked_blueprints(blueprints: object) -> list[Blueprint | BlueprintGroup]:
    """Return what a server is given as its blueprints. Raises ConfigurationError for what is none."""
    expected = "expected blueprints of Sanic's, blueprints=providers.Object((bp,)) in a container"
    if not isinstance(blueprints, Iterable) or isinstance(blueprints, str):
        raise ConfigurationError(f"blueprints is {blueprints!r} ({type(blueprints).__qualname__}), {expected}")
    checked = list(blueprints)
    for one in checked:
        if not isinstance(one, Blueprint | BlueprintGroup):
            raise ConfigurationError(f"{one!r} ({type(one).__qualname__}) is among the blueprints, {expected}")
    return checked


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
