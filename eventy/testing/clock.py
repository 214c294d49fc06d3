"""Time that only moves when a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from eventy.clock import Clock

# 2024-01-01T00:00Z in ms: any fixed moment does.
_EPOCH = 1_704_067_200_000


class VirtualClock(Clock):
    """A clock whose timers fire in order when they are due, and whose ids count up."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._ids = itertools.count(1)

    def monotonic(self) -> float:
        return self._now

    def now_ms(self) -> int:
        return _EPOCH + round(self._now * 1000)

    def new_id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012x}"

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = asyncio.get_running_loop().create_future()
        heapq.heappush(self._timers, (self._now + seconds, next(self._order), due))
        await due

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[asyncio.Timeout]:
        return self._timeout(seconds)

    @asynccontextmanager
    async def _timeout(self, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
        async with asyncio.timeout(None) as limit:
            if seconds is None:
                yield limit
                return
            timer = asyncio.create_task(self.sleep(seconds))
            timer.add_done_callback(lambda done: None if done.cancelled() else limit.reschedule(0))
            try:
                yield limit
            finally:
                timer.cancel()

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds, firing on the way what is due."""
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.advance_to_next()
        self._now = max(self._now, until)

    def advance_to_next(self) -> bool:
        """Move on to the next timer and fire it; False when there is none."""
        while self._timers:
            due, _, future = heapq.heappop(self._timers)
            if not future.done():
                self._now = max(self._now, due)
                future.set_result(None)
                return True
        return False
