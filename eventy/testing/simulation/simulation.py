"""What a scenario plays on: processes of a service, one broker, and a seed that decides what goes wrong."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from random import Random
from typing import Any

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import SendError
from eventy.event.base import BaseEvent
from eventy.message.record import ProducerRecord
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.errors import HarnessError
from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.loop import SimulationError
from eventy.testing.simulation.process import Process
from eventy.testing.simulation.promises import BrokenPromiseError
from eventy.testing.simulation.weather import Weather
from eventy.testing.simulation.world import World

# Seconds of virtual time that the faults go on for when the scenario has nothing more to do.
_STORMS = (0.0, 0.5, 2.0, 6.0)
# Seconds of virtual time within which everything settles once nothing goes wrong any more.
_DEADLINE = 600.0
# Seconds of virtual time between two looks at that.
_LOOK = 0.2

# How often what is left over at the end is cancelled.
_UNWINDING = 20


class Simulation:
    """The simulation of one seed.

    Attributes
        seed: which one.
        random: for the scenario's own choices, of data for example; the seed decides them as well.
        clock: the virtual time.
    """

    def __init__(self, seed: int, faults: Faults) -> None:
        self._world = World(seed, faults)
        self.seed = seed
        self.random = Random(f"scenario {seed}")
        self.clock: Clock = self._world.clock
        self._containers: dict[Process, Callable[[], Any]] = {}
        self._processes: list[Process] = []
        self._all: list[Process] = []
        self._weather = Weather(self._world, self._start_again, lambda: self._processes)
        self._is_ending = False
        self._client: Client | None = None
        self._blowing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ what a scenario does

    @property
    def broker(self) -> MemoryBroker:
        """The broker of all processes, to read records, or to make a topic with so many partitions before the start.

        Asked for before any process has started, it gives other topics 4 partitions, whatever the settings say.
        """
        return self._world.broker

    @property
    def containers(self) -> Sequence[Any]:
        """The containers of the processes that run now."""
        return [process.container for process in self._processes if process.is_ready]

    async def start(self, container: Callable[[], Any], processes: int = 1) -> None:
        """Start processes of a service, and return when they receive messages; from then on things go wrong.

        When one of them crashes or stops, another one is started in its place.

        Parameters
            container: builds the container of a process, with an `app`, as the service does at its start; its
                singletons are built anew. What is to outlive the process, a stand-in for its database say, is made
                outside.

        Raises HarnessError for what isn't called to get one.
        """
        if not callable(container):
            raise HarnessError(
                f"start() is given {container!r}, expected the function that makes the container: each process has one "
                "of its own"
            )
        was_calm, self._world.network.is_calm = self._world.network.is_calm, True
        for _ in range(processes):
            Context().run(self._start, container)
        await self._until(self._are_all_ready)
        self._world.network.is_calm = was_calm
        if self._client is None:
            self._client = Client(self._world, self._processes[0].container.event_serializer())
        if self._blowing is None:
            self._blowing = asyncio.create_task(self._weather.blow())

    async def send(
        self,
        event: BaseEvent,
        destination: str,
        key: str | bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> None:
        """Send an event to a topic, as another service would: now and then it arrives twice."""
        if self._client is None:
            raise SendError("no process is started yet: `await simulation.start(…)` first")
        await self._client.send(event, destination, key, headers)

    async def pause(self) -> None:
        """Take as long as an answer from another computer does, mostly a millisecond: others run meanwhile."""
        await self._world.network.pause()

    def happens(self, share: float) -> bool:
        """Return whether a fault of the scenario's own happens now, which does so often (0–1); never when settling."""
        return self._world.network.happens(share)

    async def settled(self) -> None:
        """Return when everything is handled: faults go on for a while, then none happens until it is.

        Raises BrokenPromiseError when that takes ten minutes of virtual time: something has been forgotten.
        """
        network = self._world.network
        if not network.is_calm:
            await asyncio.sleep(self._world.random.choice(_STORMS))
        was_calm, network.is_calm = network.is_calm, True
        await self._until(lambda: self._are_all_ready() and not network.under_way and not self._world.broker.lag())
        network.is_calm = was_calm

    def emitted(self, topic: str) -> list[BaseEvent]:
        """Return the events of a topic that readers get, in order within a partition."""
        if self._client is None:
            return []
        decode = self._client.serializer.decode
        return [decode(record.value) for record in self.broker.records(topic) if record.value is not None]

    # ------------------------------------------------------------ processes

    def _start(self, container: Callable[[], Any]) -> None:
        process = Process(self._world, len(self._all) + 1, container, self._has_ended)
        self._world.trace.note(process, "starts")
        self._containers[process] = container
        self._processes.append(process)
        self._all.append(process)

    def _start_again(self, process: Process) -> None:
        if not self._is_ending:
            self._start(self._containers[process])

    def _has_ended(self, process: Process, error: BaseException | None) -> None:
        self._processes.remove(process)
        if error is not None:
            self._world.trace.note(process, f"ends by {type(error).__name__}: {error}")
            self._world.loop.fail(error)
        else:
            self._weather.has_gone(process)

    def _are_all_ready(self) -> bool:
        return not self._weather.pending and all(process.is_ready for process in self._processes)

    async def _until(self, condition: Callable[[], bool]) -> None:
        deadline = self.clock.monotonic() + _DEADLINE
        while not condition():
            if self.clock.monotonic() > deadline:
                raise BrokenPromiseError(f"nothing is forgotten: after {_DEADLINE:g} s without faults {self._open()}")
            await asyncio.sleep(_LOOK)

    def _open(self) -> str:
        unready = [
            f"{process} isn't ready: {process.app.readiness() if process.app else process.state}"
            for process in self._processes
            if not process.is_ready
        ]
        lag = [f"{count} of {at} not handled by {who}" for (who, at), count in sorted(self._world.broker.lag().items())]
        return "; ".join([*unready, *lag]) or "requests are still under way"

    # ------------------------------------------------------------ from beginning to end

    def play(self, scenario: Callable[[Simulation], Awaitable[None]]) -> Exception | None:
        """Play a scenario, and return what was wrong, or None."""
        try:
            self._world.loop.run_until_complete(self._play(scenario))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its seed
            return error
        finally:
            trace = self._world.trace
            self._results = trace.digest(), self._world.loop.steps, Counter(trace.counts), list(trace.lines)
            self._unwind()
        return None

    def results(self) -> tuple[str, int, Counter[str], list[str]]:
        """Return what it came to: digest, steps, how often which fault happened, and what was done."""
        return self._results

    async def _play(self, scenario: Callable[[Simulation], Awaitable[None]]) -> None:
        playing: object = scenario(self)
        if not inspect.isawaitable(playing):
            raise SimulationError(f"the scenario makes {playing!r}, nothing to be awaited: expected an `async def`")
        await playing
        await self.settled()
        self._world.promises.check()
        self._is_ending = self._world.network.is_calm = True
        for process in list(self._processes):
            process.stop()
        await self._until(lambda: not self._processes)
        self._world.promises.check()

    def _unwind(self) -> None:
        """Let everything that still waits end. Nobody looks any more."""
        self._world.network.close()
        for process in self._all:
            process.unwind()
        self._world.loop.unwind(_UNWINDING)


class Client(BaseEventEmitter):
    """Somebody who sends to the service, and does so again when in doubt."""

    broker_kind = "memory"

    def __init__(self, world: World, serializer: BaseEventSerializer) -> None:
        super().__init__(serializer=serializer, clock=world.clock, source="simulation")
        self.serializer = serializer
        self._world = world

    async def write(self, records: list[ProducerRecord]) -> None:
        await self._world.network.pause()
        self._append(records)
        if self._world.network.happens(self._world.faults.duplicates):
            self._world.trace.count("duplicates")
            await self._world.network.pause()
            self._append(records)

    def _append(self, records: list[ProducerRecord]) -> None:
        for record in records:
            stored = Context().run(self._world.broker.append, record)
            self._world.trace.note("client", f"sends {stored.topic}[{stored.partition}] offset {stored.offset}")
            self._world.trace.add(stored.value)
