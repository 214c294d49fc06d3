"""What an application on the memory broker still has to do, and the time that it waits for.

Whoever begins to wait says so, the clock for sleeps, the broker for everything else. Only `until` looks again and
again, since a component says nothing when it becomes ready. Time moves only when nothing goes on but waiting for it: a
handler that is busy with a database has all the real time it takes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from math import inf

from eventy.app.eventy import Eventy
from eventy.broker.memory import MemoryBroker
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.run import Run
from eventy.testing.clock import VirtualClock
from eventy.testing.deliveries import Deliveries, Running
from eventy.testing.errors import HarnessError, NotSettledError
from eventy.testing.open_work import described

# Turns of the loop that a task gets whose timer has fired, unless it ends or sleeps again before.
_TURNS = 50
# Of them, those that every timer's consequences get: its own task, who waits for that, and whom that wakes.
_FEWEST = 5


class Work:
    """The open work of one application, from its start to its end or its crash.

    Parameters
        deadline: real seconds that anything may take.
        patience: real seconds after which, when time is moved by hand, a handler that goes on counts as waiting for
            just that.
    """

    def __init__(
        self,
        app: Eventy,
        broker: MemoryBroker,
        clock: VirtualClock,
        deliveries: Deliveries,
        *,
        deadline: float,
        patience: float,
    ) -> None:
        #: Members that have joined later.
        self.members: list[EngineConsumer[MemoryBroker]] = []
        self.deadline = deadline
        self._patience = patience
        self._blocked: list[Running] = []  # handlers that have gone on for so long, and aren't waited for again
        self.is_over = False  # crashed: another application goes on with the broker's log
        self._app = app
        self._broker = broker
        self._clock = clock
        self._deliveries = deliveries
        self._news = asyncio.Event()
        clock.changed = self.stir

    def stir(self) -> None:
        """Have those who wait look again."""
        self._news.set()

    # ------------------------------------------------------------ waiting

    async def settle(self) -> None:
        """Return when nothing is left to do, or when the application has failed or is over.

        Raises NotSettledError.
        """
        if self._broker.is_down:
            raise HarnessError(
                "the broker is down, so nothing settles: leave `with app.broker_down():` first, or move the time by "
                "advance(ms)"
            )
        await self._turns()
        await self._in_time("not settled", self._settle, self.deadline)

    async def _settle(self) -> None:
        while not self._has_ended() and self._broker.lag():
            await self._step()

    async def let_go(self) -> None:
        """Have everything that waits for time have it, until cancelled."""
        while True:
            await self._step()

    async def _step(self) -> None:
        """Let something happen: the next timer, when nothing goes on but waiting for it."""
        changed = self._change()
        if (due := self._due()) is None:
            await changed()
        else:
            await self._move(due)

    async def pass_by(self, seconds: float) -> None:
        """Move time by so much, with all that becomes due on the way, each at its moment."""
        until = self._clock.monotonic() + seconds
        await self._rest()
        while (due := self._clock.next_due()) is not None and due <= until and not self._has_ended():
            await self._move(due)
            await self._rest()
        self._clock.advance_to(until)

    async def _rest(self) -> None:
        """Return when nothing goes on, or only what has gone on for long."""
        await self._turns()
        limit = asyncio.timeout(self._patience)
        try:
            async with limit:
                while not self._has_ended() and self._goes_on() and not self._all_are_blocked():
                    await self._change()()
        except TimeoutError:
            if not limit.expired():
                raise
            self._blocked[:] = self._deliveries.running.values()

    def _all_are_blocked(self) -> bool:
        running = self._deliveries.running.values()
        return bool(running) and all(any(one is known for known in self._blocked) for one in running)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Return when a condition is true, after some turns of the loop, else each ms. Raises NotSettledError."""

        async def wait() -> None:
            turns = 0
            while not condition() and not self._has_ended():
                turns += 1
                await asyncio.sleep(0 if turns < _TURNS else 0.001)

        await self._in_time(what, wait, self.deadline)

    async def _in_time(self, what: str, wait: Callable[[], Awaitable[None]], seconds: float) -> None:
        before = Counter(self._deliveries.counts)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await wait()
        except TimeoutError:
            if not limit.expired():
                raise
            handled = Counter(self._deliveries.counts)
            handled.subtract(before)
            found = described(self.runs, self._broker.lag(), self._deliveries, handled)
            raise NotSettledError(f"{what} after {seconds:g} s. What is open:\n{found}") from None

    # ------------------------------------------------------------ what goes on

    @property
    def runs(self) -> Sequence[Run]:
        """What the consumers do."""
        mine = [component for component in self._app.components if isinstance(component, EngineConsumer)]
        return [run for consumer in (*mine, *self.members) if (run := consumer.run) is not None]

    def _has_ended(self) -> bool:
        return self.is_over or self._app.failure is not None

    def _dues(self) -> list[float | None]:
        return [due for run in self.runs for due in run.dues(self._clock.nap)]

    def _goes_on(self) -> bool:
        """Whether something goes on beside waiting for the clock."""
        now = self._clock.monotonic()
        return any(due is None or due <= now for due in self._dues())

    def _due(self) -> float | None:
        """Return the moment that everything waits for; None while something goes on, or nothing waits for time."""
        if self._goes_on():
            return None
        due = min((due for due in self._dues() if due is not None), default=inf)
        return due if due < inf else None

    def _change(self) -> Callable[[], Awaitable[object]]:
        """Return what to wait by for something to change from now on."""
        self._news.clear()
        self._broker.change().add_done_callback(lambda _: self._news.set())
        return self._news.wait

    # ------------------------------------------------------------ time

    async def _move(self, until: float) -> None:
        """Move to the next timer that is due until then, and let those run whom it wakes."""
        sleeping = self._clock.sleeping()
        due = self._clock.next_due()
        self._clock.advance_to(until if due is None else min(due, until))
        woken = sleeping - self._clock.sleeping()
        for turn in range(_TURNS):
            if turn >= _FEWEST and all(task is None or task.done() for task in woken - self._clock.sleeping()):
                break
            await asyncio.sleep(0)

    async def _turns(self) -> None:
        for _ in range(_FEWEST):
            await asyncio.sleep(0)
