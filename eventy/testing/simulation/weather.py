"""What befalls processes, apart from single requests: a seed says when, and whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any

from eventy.testing.simulation.process import Process
from eventy.testing.simulation.world import World

# Seconds after which a group goes on without a member that says nothing.
_SESSIONS = (0.5, 1.0, 3.0)
# Seconds that a process is frozen.
_FREEZES = (0.05, 0.5, 2.0, 6.0)
# Seconds after which somebody starts another process for one that has gone.
_RESTARTS = (0.1, 0.5, 2.0)


class Weather:
    """Crashes, freezes, stops and starts processes, and has groups rebalance.

    Parameters
        start: starts another process in place of one that has gone.
        running: gives the processes that are there.
    """

    def __init__(
        self, world: World, start: Callable[[Process], None], running: Callable[[], Sequence[Process]]
    ) -> None:
        self._world = world
        self._start = start
        self._running = running
        self._around = Context()
        faults = world.faults
        self._each = {
            self._crash: faults.crashes,
            self._freeze: faults.freezes,
            self._stop: faults.stops,
            self._rebalance: faults.rebalances,
        }
        #: Processes that are still to be started, thawed, or gone on without.
        self.pending = 0

    async def blow(self) -> None:
        """Have things happen, until it is cancelled."""
        a_second = sum(self._each.values()) / 60
        if not a_second:
            return
        random = self._world.random
        while True:
            await asyncio.sleep(random.expovariate(a_second))
            (happens,) = random.choices(list(self._each), list(self._each.values()))
            whom = [process for process in self._running() if process.state == "runs" and not process.is_stopping]
            if whom and not self._world.network.is_calm:
                happens(random.choice(whom))

    def _crash(self, process: Process) -> None:
        self._world.trace.note(process, "crashes")
        process.crash()

    def _freeze(self, process: Process) -> None:
        seconds, session = self._world.random.choice(_FREEZES), self._world.random.choice(_SESSIONS)
        self._world.trace.count("freezes")
        self._world.trace.note(process, f"is frozen for {seconds:g} s")
        process.freeze()
        self._later(seconds, self._thaw, process)
        if seconds > session:
            self._later(session, process.expel)

    def _thaw(self, process: Process) -> None:
        if process.state == "frozen":
            self._world.trace.note(process, "is thawed")
            process.thaw()

    def _stop(self, process: Process) -> None:
        self._world.trace.count("stops")
        self._world.trace.note(process, "is told to stop")
        process.stop()

    def _rebalance(self, process: Process) -> None:
        self._world.trace.count("rebalances")
        self._world.trace.note(process, "has its groups rebalance")
        for port in process.ports:
            if port.group is not None and port.group.name is not None:
                for topic in self._world.broker.topics():
                    self._around.run(port.group.partitions_changed, topic)

    def has_gone(self, process: Process) -> None:
        """Have the groups notice that a process is gone, and another one start."""
        self._later(self._world.random.choice(_SESSIONS), process.expel)
        self._later(self._world.random.choice(_RESTARTS), self._start, process)

    def _later(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        self.pending += 1
        self._world.loop.call_later(seconds, self._now, what, arguments, context=self._around)

    def _now(self, what: Callable[..., None], arguments: Sequence[Any]) -> None:
        self.pending -= 1
        what(*arguments)
