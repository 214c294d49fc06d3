"""A start builds everything in the loop that it runs in, before the first component starts; a check does it alike."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated, Any

import pytest
from dependency_injector import containers, providers
from sanic import Blueprint, HTTPResponse, Request

from eventy.app.check import check
from eventy.app.eventy import Eventy
from eventy.cli.main import main
from eventy.errors import WiringError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.app.mistaken import a_root, a_root_with_a_route
from tests.app.recording import Recording
from tests.app.test_process import run

log: list[str] = []


@pytest.fixture(autouse=True)
def nothing_built() -> None:
    log.clear()


class Bound:
    """Looks for the loop when it is made."""

    def __init__(self, name: str, *_: object) -> None:
        self.loop = asyncio.get_running_loop()
        log.append(f"build {name}")


def bound(name: str, *needed: object) -> Any:
    return providers.Singleton(Bound, name, *needed)


async def handle(
    event: BaseEvent, asked: Bound, parts: Bound, loop: Annotated[object, Provide["marked.provided.loop"]]
) -> None: ...


def application() -> Any:
    bp = Blueprint("bound")

    @bp.get("/")
    async def route(request: Request[Any, Any], routed: Bound) -> HTTPResponse:
        raise NotImplementedError

    container = a_root(
        registry=providers.Singleton(Registry, providers.Object((on("a", handle),))),
        asked=bound("asked"),
        marked=bound("marked"),
        parts=providers.Factory(Bound, "parts", bound("part")),
        nested=providers.Container(Nested),
        pooled=bound("pooled", providers.Resource(pool)),
        routed=bound("routed"),
    )
    server = providers.Singleton(SanicServer, port=0, blueprints=providers.Object((bp,)))
    component = providers.Singleton(Recording, "component", providers.Object(log))
    components = providers.List(component, server)
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=components))
    return container


def pool() -> str:
    log.append("open the pool")
    return "pool"


class Nested(containers.DeclarativeContainer):
    inside = bound("inside")


BUILT = ("asked", "marked", "part", "inside", "routed")


async def test_whatever_handlers_routes_and_components_get_is_built_before_anything_starts() -> None:
    async with application().app():
        built = log[: log.index("start component")]
    assert sorted(built) == sorted([*(f"build {name}" for name in (*BUILT, "pooled")), "open the pool"])


async def test_message_builds_nothing_any_more() -> None:
    container = application()
    async with container.app():
        before = list(log)
        for name in ("asked", "marked", "pooled", "routed"):
            assert getattr(container, name)().loop is asyncio.get_running_loop()
        assert log == before


@pytest.mark.parametrize("is_inside", [False, True])
def test_check_builds_in_a_loop_as_well_and_leaves_the_current_one(is_inside: bool) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        check_there(loop, is_inside=is_inside)
        assert sorted(log) == sorted(f"build {name}" for name in BUILT)  # and no resource is opened
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def check_there(loop: asyncio.AbstractEventLoop, *, is_inside: bool) -> None:
    async def check_inside() -> None:
        check(application())

    if is_inside:
        loop.run_until_complete(check_inside())
    else:
        check(application())


def test_command_builds_in_a_loop_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--app", f"{__name__}:{application.__name__}"]) == 0, capsys.readouterr().err
    assert sorted(log) == sorted(f"build {name}" for name in BUILT)


# ---------------------------------------------------------------- as a process

PROGRAM = f"""
import asyncio, os, signal, sys
from dependency_injector import containers, providers
from eventy.app.check import build_app
from eventy.app.eventy import Eventy
from eventy.app.process import run
from tests.app.recording import Recording

class Bound:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        print("built", flush=True)

class Component:
    def __init__(self, bound=None):
        self.bound = bound

    async def start(self):
        print("started", self.bound is None or self.bound.loop is asyncio.get_running_loop(), flush=True)
        os.kill(os.getpid(), signal.{signal.SIGTERM.name})

    async def stop(self): ...

class Container(containers.DeclarativeContainer):
    __self__ = providers.Self()
    bound = providers.Singleton(Bound)
    component = providers.Singleton(Component, bound)
    app = providers.Singleton(Eventy, container=__self__, components=providers.List(component))

async def beside():
    print("beside", flush=True)

def with_a_task():
    container = Container()
    build_app(container).add_task(beside())
    return container

def imperative():
    app = Eventy(components=[Component()])
    app.container.set_provider("bound", providers.Singleton(Bound))
    return app
"""


@pytest.mark.parametrize(
    ("start", "printed"),
    [
        ("run(Container)", ["built", "started True"]),
        ("run(with_a_task)", ["built", "started True", "beside"]),
        ("imperative().start()", ["built", "started True"]),
    ],
)
def test_service_is_built_in_the_loop_that_it_runs_in(start: str, printed: list[str]) -> None:
    ended = run(PROGRAM + start)
    assert (ended.returncode, ended.stdout.splitlines()) == (0, printed), ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("ValueError('of mine')", 2),
        ("ConnectionRefusedError('nobody there')", 1),  # restarting may help
    ],
)
def test_provider_that_fails_ends_the_start_with_the_way_to_it(error: str, status: int) -> None:
    program = f"""
def failing():
    raise {error}
Container.bound.override(providers.Singleton(failing))
async def never(): ...
run(with_a_task)
"""
    ended = run(PROGRAM + program)
    assert (ended.returncode, ended.stdout) == (status, ""), ended.stderr
    assert f"bound: can't be built: {error.split('(', maxsplit=1)[0]}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "never awaited" not in ended.stderr


def test_tasks_that_the_function_makes_run_until_the_end() -> None:
    program = """
def create():
    asyncio.ensure_future(broken())
    return Container()
async def broken():
    raise ValueError("of mine")
run(create)
"""
    ended = run(PROGRAM + program)
    assert ended.returncode == 0, ended.stderr
    assert "ValueError: of mine" in ended.stderr


async def test_resource_that_cannot_be_opened_ends_the_start() -> None:
    def refuse() -> None:
        raise ConnectionRefusedError("nobody there")

    container = a_root(pooled=bound("pooled", providers.Resource(refuse)))
    with pytest.raises(
        WiringError, match=r"pooled → Resource\(.*refuse\): can't be built: ConnectionRefusedError: nobody there"
    ):
        await container.app().__aenter__()


async def routed(request: Request[Any, Any], resource: str) -> HTTPResponse:
    raise NotImplementedError


async def test_resource_that_only_a_route_asks_for_is_opened_by_the_start_and_by_no_check() -> None:
    container = a_root_with_a_route(routed, resource=providers.Resource(pool))
    check(container)
    assert log == []
    async with container.app():
        assert log == ["open the pool"]


async def test_resource_of_a_route_that_cannot_be_opened_ends_the_start() -> None:
    def refuse() -> None:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(WiringError, match=r"resource: can't be built: ConnectionRefusedError: nobody there"):
        await a_root_with_a_route(routed, resource=providers.Resource(refuse)).app().__aenter__()


async def test_handlers_of_a_registry_that_is_built_with_a_resource_are_found_at_a_start() -> None:
    async def misspelt(event: BaseEvent, askd: object) -> None: ...

    def registry_of(_: object) -> Registry:
        return Registry((on("a", misspelt),))

    container = a_root(registry=providers.Singleton(registry_of, providers.Resource(pool)))
    with pytest.raises(WiringError, match="no provider 'askd'"):
        await container.app().__aenter__()
