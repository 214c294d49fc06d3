"""Notices handlers that hang: nothing else would, since the process goes on and heartbeats too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from eventy.clock import Clock
from eventy.consumer.unfinished import stack
from eventy.consumer.work import Running
from eventy.message.record import place_of

logger = logging.getLogger(__name__)

# How often within the time that a handler may take it is looked at.
_LOOKS = 4


class Stalls:
    """Looks after handlers that take longer than they may, logs where each of them is, and has readiness say so.

    Parameters
        name: of the consumer, for the log.
        timeout: ms that a handler may take.
        running: gives the messages whose handlers run.
    """

    def __init__(self, name: str, clock: Clock, timeout: int, running: Callable[[], Iterable[Running]]) -> None:
        self._name = name
        self._clock = clock
        self._timeout = timeout / 1000
        self._running = running
        self._told: set[tuple[str, int, int, float]] = set()
        self._stopping = asyncio.Event()
        self._watching = asyncio.create_task(self._watch(), name=f"{name}: looking after handlers")

    def stalled(self) -> list[Running]:
        """Return the messages whose handlers hang."""
        return [running for running in self._running() if self._age(running) >= self._timeout]

    def readiness(self) -> str | None:
        """Return which handlers hang; None when none does."""
        stalled = [f"{place_of(running.record)} for {self._age(running):.0f} s" for running in self.stalled()]
        return f"handlers that hang: {', '.join(stalled)}" if stalled else None

    async def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        await asyncio.wait({self._watching})

    async def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._clock.timeout(self._timeout / _LOOKS):
                    await self._stopping.wait()
            except TimeoutError:
                self._look()

    def _look(self) -> None:
        stalled = {
            (running.record.topic, running.record.partition, running.record.offset, running.since): running
            for running in self.stalled()
        }
        for place in stalled.keys() - self._told:
            running = stalled[place]
            logger.error(
                "%s: the handlers of %s have run for %.0f s, longer than the %g s of EVENTY_CONSUMER_STALL_TIMEOUT. "
                "They are here:\n%s",
                self._name,
                place_of(running.record),
                self._age(running),
                self._timeout,
                stack(running),
            )
        self._told = set(stalled)

    def _age(self, running: Running) -> float:
        return self._clock.monotonic() - running.since
