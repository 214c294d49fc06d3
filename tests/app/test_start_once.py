"""A start judges everything once: handlers are compiled and constructors called a single time."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import providers
from sanic import Request

from eventy.app.check import check
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from tests.app.mistaken import a_root_with_a_route, mistakes_of
from tests.app.test_process import run


def test_handler_and_route_are_compiled_once_by_a_start() -> None:
    program = """
import os, signal, sys
compiled = []
sys.addaudithook(lambda event, given: compiled.append(given[1]) if event == "compile" else None)

from dependency_injector import containers, providers
from sanic import Blueprint
from eventy.app.check import build_app
from eventy.app.eventy import Eventy
from eventy.app.process import run
from eventy.event.registry import Registry, on
from eventy.http.server import SanicServer

bp = Blueprint("bp")

async def handle(event, greeting): ...

@bp.get("/")
async def greet(request, greeting): ...

async def end():
    os.kill(os.getpid(), signal.SIGTERM)

class Container(containers.DeclarativeContainer):
    __self__ = providers.Self()
    greeting = providers.Object("Hello")
    registry = providers.Singleton(Registry, providers.Object((on("a", handle),)))
    server = providers.Singleton(SanicServer, port=0, blueprints=providers.Object((bp,)))
    app = providers.Singleton(Eventy, container=__self__, components=providers.List(server))

def create():
    container = Container()
    build_app(container).add_task(end())
    return container

run(create)
print(*sorted(one.split()[2] for one in compiled if str(one).startswith("<call of ")))
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout) == (0, "greet handle\n"), ended.stderr


@pytest.mark.parametrize("of_registry", ["sound", "itself", "what it needs"])
def test_constructor_that_fails_is_called_once_whoever_asks_for_it(of_registry: str) -> None:
    called: list[str] = []

    def refuse() -> object:
        called.append("refuse")
        raise ValueError("of mine")

    async def handle(event: BaseEvent, broken: object) -> None: ...

    async def route(request: Request[Any, Any], broken: object, part: object) -> None: ...

    broken = providers.Singleton(refuse)
    registry: dict[str, providers.Provider[Any]] = {
        "sound": providers.Singleton(Registry, providers.Object((on("a", handle), on("b", handle)))),
        "itself": broken,
        "what it needs": providers.Singleton(dict, a=broken),
    }
    container = a_root_with_a_route(
        route, broken=broken, part=providers.Factory(dict, a=broken), registry=registry[of_registry]
    )
    (mistake,) = mistakes_of(container)
    assert "can't be built: ValueError: of mine" in mistake
    assert called == ["refuse"]


def test_singleton_without_an_object_is_called_once_by_a_check_that_has_routes_to_build_for() -> None:
    called: list[str] = []

    async def route(request: Request[Any, Any], configured: None) -> None: ...

    check(a_root_with_a_route(route, configured=providers.Singleton(called.append, "configure")))
    assert called == ["configure"]
