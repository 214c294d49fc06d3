"""A process of the service that is simulated: it runs, is frozen, stops, or is gone from one step to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Literal

from dependency_injector import providers

from eventy.app.check import build_app
from eventy.testing.container import built_anew, check_names, settings_with
from eventy.testing.simulation.connection import Connection, Membership
from eventy.testing.simulation.consumer import SimulatedConsumer
from eventy.testing.simulation.emitter import SimulatedEmitter
from eventy.testing.simulation.loop import owner
from eventy.testing.simulation.world import World

State = Literal["runs", "frozen", "crashed", "stopped", "failed"]

_NAMES = ("config", "clock", "event_serializer", "app")


class Left:
    """Stands for what has no place in a simulation: an HTTP server, which needs a socket."""

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""


class Process:
    """One process, with a container of its own.

    Parameters
        number: which one it is, from 1.
        container: builds the container, as the service does at its start.
        ended: called when it has stopped, failed by an error, or crashed, which is no error.
    """

    def __init__(
        self,
        world: World,
        number: int,
        container: Callable[[], Any],
        ended: Callable[[Process, BaseException | None], None],
    ) -> None:
        self.number = number
        self.state: State = "runs"
        self.ports: list[Membership] = []
        self.connection = Connection(world, self)
        self.app: Any = None
        self.container: Any = None
        self._world = world
        self._container = container
        self._ended = ended
        self._held: list[asyncio.Handle] = []
        self._stopping = asyncio.Event()
        self._context = Context()
        self._context.run(owner.set, self)
        #: Whoever is gone from one step to the next leaves tasks that nobody may end.
        self.tasks: set[asyncio.Task[Any]] = set()
        self.spawn(self._run()).add_done_callback(self._has_ended, context=Context())

    def __str__(self) -> str:
        return f"process {self.number}"

    # ------------------------------------------------------------ what runs

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have the process do something."""
        task: asyncio.Task[None] = self._world.loop.create_task(work, context=self._context.copy())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard, context=Context())
        return task

    async def _run(self) -> None:
        container = self._container()
        check_names(container, _NAMES, wanted_by="a simulation")
        with built_anew(container):
            settings = settings_with(container, consumer=SimulatedConsumer, emitter=SimulatedEmitter)
            container.config.override(settings)
            container.clock.override(providers.Object(self._world.clock))
            if "http_server" in container.providers:
                container.http_server.override(providers.Object(Left()))
            self.container = container
            self.app = _built(container)
            async with self.app:
                await self._stopping.wait()

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        if self.state == "crashed":
            return
        error = task.exception() if not task.cancelled() else asyncio.CancelledError()
        self.state = "stopped" if error is None else "failed"
        self._ended(self, error)

    # ------------------------------------------------------------ what becomes of it

    @property
    def is_alive(self) -> bool:
        """Whether it may do something yet, now or later."""
        return self.state in ("runs", "frozen")

    @property
    def is_ready(self) -> bool:
        """Whether it receives messages."""
        return self.state == "runs" and self.app is not None and not self.app.readiness()

    def stop(self) -> None:
        """Have it stop in good order."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def crash(self) -> None:
        """End it between two steps: nothing of it is ever done again, its `finally` neither."""
        self.state = "crashed"
        self._world.trace.count("crashes")
        self._ended(self, None)

    def freeze(self) -> None:
        """Have it do nothing, until it is thawed."""
        self.state = "frozen"

    def thaw(self) -> None:
        """Let it go on, unaware of what has happened since."""
        if self.state == "frozen":
            self.state = "runs"
            held, self._held = self._held, []
            self._world.loop.release(held, self)

    def expel(self) -> None:
        """Have its groups go on without it, if they haven't heard of it."""
        for port in self.ports:
            if port.group is not None and (port.group.name is not None or not self.is_alive):
                port.expel()

    # ------------------------------------------------------------ whose steps are held

    @property
    def is_held(self) -> bool:
        return self.state in ("frozen", "crashed")

    def hold(self, handle: asyncio.Handle) -> None:
        self._held.append(handle)

    def unwind(self) -> None:
        """Let what a crash has left behind end, now that the simulation is over and nobody looks any more."""
        if self.state in ("crashed", "frozen"):
            self.state = "stopped"
            self._world.loop.release(self._held, self)


def _built(container: Any) -> Any:
    """Return the application. Only where it can't be built all mistakes are looked for: it takes a third of a seed."""
    try:
        return container.app()
    except Exception:  # noqa: BLE001  # a constructor may raise anything
        return build_app(container)
