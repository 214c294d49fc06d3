"""Containers with a mistake, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import containers, providers
from sanic import Blueprint

from eventy.app.check import check
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.http.server import SanicServer


def settings(**more: Any) -> Any:
    config: Any = providers.Configuration(strict=True)
    config.from_dict({**Settings().as_dict(), **more})
    return config


def a_root(**named: providers.Provider[Any]) -> Any:
    """Return a container of providers, with an application that has no components unless one is given."""
    container = containers.DynamicContainer()
    app = providers.Singleton(Eventy, container=providers.Object(container))
    container.set_providers(**{**named, "app": named.get("app", app)})
    return container


def a_root_with_a_route(route: Any, **named: providers.Provider[Any]) -> Any:
    """Return a container whose application serves one route."""
    container, bp = a_root(**named), Blueprint("routes")
    bp.add_route(route, "/")
    server = providers.Singleton(SanicServer, port=0, blueprints=providers.Object((bp,)))
    container.set_provider(
        "app", providers.Singleton(Eventy, providers.Object(container), components=providers.List(server))
    )
    return container


def mistakes_of(container: Any) -> tuple[str, ...]:
    with pytest.raises(WiringError) as raised:
        check(container)
    return raised.value.mistakes


def mistakes_in(**named: providers.Provider[Any]) -> tuple[str, ...]:
    return mistakes_of(a_root(**named))
