"""Time that only moves when a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from eventy.testing.reckoned import ReckonedClock


class VirtualClock(ReckonedClock):
    """A clock whose timers fire in order when they are due."""

    def __init__(self) -> None:
        super().__init__()
        #: Called when somebody begins to wait.
        self.changed: Callable[[], None] = lambda: None
        self._sleeping: dict[asyncio.Task[Any] | None, float] = {}
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Wait for so many seconds, from this call on: the task that waits needn't have begun."""
        if seconds <= 0:
            return asyncio.sleep(0)
        timer = asyncio.get_running_loop().create_future()
        due = self._now + seconds
        heapq.heappush(self._timers, (due, next(self._order), timer))
        return self._until(timer, due)

    async def _until(self, timer: asyncio.Future[None], due: float) -> None:
        task = asyncio.current_task()
        self._sleeping[task] = due
        self.changed()
        try:
            await timer
        finally:
            del self._sleeping[task]

    def nap(self, task: asyncio.Task[Any]) -> float | None:
        """Return until when a task waits for this clock and nothing else; None when it doesn't."""
        return self._sleeping.get(task)

    def sleeping(self) -> Set[asyncio.Task[Any] | None]:
        """Return the tasks that wait for time to pass."""
        return {task for task, due in self._sleeping.items() if due > self._now}

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
        self.advance_to(self._now + seconds)

    def advance_to(self, until: float) -> None:
        """Move on to a moment, firing on the way what is due."""
        while (due := self.next_due()) is not None and due <= until:
            self.advance_to_next()
        self._now = max(self._now, until)

    def next_due(self) -> float | None:
        """Return when the next timer is due; None when there is none."""
        while self._timers and self._timers[0][2].done():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def advance_to_next(self) -> bool:
        """Move on to the next timer and fire it; False when there is none."""
        while self._timers:
            due, _, future = heapq.heappop(self._timers)
            if not future.done():
                self._now = max(self._now, due)
                future.set_result(None)
                return True
        return False
