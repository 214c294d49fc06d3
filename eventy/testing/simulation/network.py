"""What lies between processes and their broker: requests take time, and they or their answers are lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial
from random import Random
from typing import Protocol, TypeVar

from eventy.errors import BrokerError, BrokerUnavailableError
from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.loop import SimulatedLoop
from eventy.testing.simulation.trace import Trace

T = TypeVar("T")

# Milliseconds that a request takes each way; most take no longer than the shortest.
_WAYS = (1, 1, 1, 1, 2, 2, 3, 5, 20, 200)
# Share of the requests under way that go down with the process which crashes.
_SUNK = 0.5
# Seconds after which a caller gives up on an answer.
_PATIENCE = 0.3


class Caller(Protocol):
    """Who sends requests: a process."""

    @property
    def is_alive(self) -> bool: ...

    def crash(self) -> None: ...


class Network:
    """Carries requests. One that was sent arrives, whatever becomes of its sender, unless it is lost.

    Parameters
        faults: how often what goes wrong; None of it while it is calm.
    """

    def __init__(self, loop: SimulatedLoop, random: Random, faults: Faults, trace: Trace) -> None:
        self._loop = loop
        self._random = random
        self._faults = faults
        self._trace = trace
        self._around = Context()  # what the broker does is nobody's
        self.is_calm = False
        self._is_closed = False
        self._last: dict[tuple[Caller, str], float] = {}
        #: Requests that were sent and have neither arrived nor been lost.
        self.under_way = 0

    def happens(self, share: float) -> bool:
        """Return whether a fault happens now."""
        return not self.is_calm and self._random.random() < share

    def delay(self) -> float:
        """Return the seconds of one way."""
        return self._random.choice(_WAYS) / 1000

    async def pause(self) -> None:
        """Take as long as one way does."""
        await asyncio.sleep(self.delay())

    async def request(self, caller: Caller, lane: str, what: str, apply: Callable[[], T]) -> T:
        """Have the broker do something, and return its answer.

        Parameters
            lane: requests of one caller in one lane arrive in the order in which they were sent, as those on one
                connection do, and those of one producer.

        Raises BrokerUnavailableError when request or answer is lost, and what the broker refuses it by.
        """
        if self._is_closed:
            raise BrokerUnavailableError("the simulation is over")
        faults = self._faults
        if self.happens(faults.crashes_at_requests / 2):
            await self._end(caller, f"before: {what}")
        answer: asyncio.Future[T] = self._loop.create_future()
        self.under_way += 1
        if self.happens(faults.lost_requests):
            arrive = partial(self._lose, caller, what, answer)
        else:
            arrive = partial(self._arrive, caller, what, apply, answer)
        arrival = max(self._loop.time() + self.delay(), self._last.get((caller, lane), 0.0))
        self._last[caller, lane] = arrival
        self._loop.call_at(arrival, arrive, context=self._around)
        return await answer

    def close(self) -> None:
        """Carry nothing any more."""
        self._is_closed = self.is_calm = True

    async def _end(self, caller: Caller, when: str) -> None:
        self._trace.note(caller, f"crashes {when}")
        caller.crash()
        await self._loop.create_future()

    def _lose(self, caller: Caller, what: str, answer: asyncio.Future[T]) -> None:
        self.under_way -= 1
        self._trace.count("lost requests")
        self._trace.note(caller, f"{what}: the request is lost")
        self._refuse(answer, BrokerUnavailableError(f"{what}: no answer"), _PATIENCE)

    def _arrive(self, caller: Caller, what: str, apply: Callable[[], T], answer: asyncio.Future[T]) -> None:
        self.under_way -= 1
        if not caller.is_alive and self._random.random() < _SUNK:
            return  # it went down with its process
        try:
            answer_it: Callable[[], None] = partial(self._answer, answer, apply())
            self._trace.note(caller, what)
        except BrokerError as refusal:
            answer_it = partial(self._refuse, answer, refusal)
            self._trace.note(caller, f"{what}: refused, {refusal}")
        if caller.is_alive and self.happens(self._faults.crashes_at_requests / 2):
            self._trace.note(caller, f"crashes after: {what}")
            caller.crash()
        elif self.happens(self._faults.lost_acknowledgements):
            self._trace.count("lost acknowledgements")
            self._trace.note(caller, f"{what}: the acknowledgement is lost")
            self._refuse(answer, BrokerUnavailableError(f"{what}: no answer"), _PATIENCE)
        else:
            answer_it()

    def _answer(self, answer: asyncio.Future[T], result: T) -> None:
        self._loop.call_later(self.delay(), _succeed, answer, result, context=self._around)

    def _refuse(self, answer: asyncio.Future[T], error: BrokerError, seconds: float | None = None) -> None:
        after = self.delay() if seconds is None else seconds
        self._loop.call_later(after, _fail, answer, error, context=self._around)


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: BrokerError) -> None:
    if not answer.done():
        answer.set_exception(error)
