"""Notices afterwards that the event loop was blocked while a handler ran."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from eventy.clock import Clock
from eventy.consumer.handling import Ended
from eventy.consumer.work import Running
from eventy.message.record import place_of

logger = logging.getLogger(__name__)

# Seconds between two looks.
_LOOK = 1.0
# Seconds by which a look is late when the loop was blocked, rather than the machine busy.
_LATE = 2.0
# Of that time, the share that a handler has run to be named: the machine may have been busy besides.
_SHARE = 0.5
# Messages that are named.
_NAMED = 3


class Blocks:
    """Looks every second, and logs when that was late and one of the consumer's handlers ran most of the time.

    Parameters
        name: of the consumer, for the log.
        clock: that of the consumer; the loop itself goes by the real one.
        running: gives the messages whose handlers run.
        take_longest: gives the attempts that took long and have ended since it was called last.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        running: Callable[[], Iterable[Running]],
        take_longest: Callable[[], Iterable[Ended]],
    ) -> None:
        self._name = name
        self._clock = clock
        self._running = running
        self._take_longest = take_longest
        self._real = Clock()
        self._stopping = asyncio.Event()
        self._watching = asyncio.create_task(self._watch(), name=f"{name}: looking after the event loop")

    async def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        await asyncio.wait({self._watching})

    async def _watch(self) -> None:
        while not self._stopping.is_set():
            due = self._real.monotonic() + _LOOK
            try:
                async with self._real.timeout(_LOOK):
                    await self._stopping.wait()
            except TimeoutError:
                self._look(self._real.monotonic() - due)

    def _look(self, late: float) -> None:
        ended, now = list(self._take_longest()), self._clock.monotonic()
        if late < _LATE:
            return
        records = [one.record for one in self._running() if now - one.since >= late * _SHARE]
        records += [one.record for one in ended if one.seconds >= late * _SHARE]
        if records:
            logger.warning(
                "%s: the event loop was blocked for %.1f s while the handler of %s ran. Nothing else goes on then: "
                "have what takes long done by await asyncio.to_thread(…)",
                self._name,
                late,
                " or ".join(map(place_of, records[:_NAMED])),
            )
