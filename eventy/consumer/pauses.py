"""Waits of the engine's own, each of them known: who turns the clock in a test asks what there is to wait for."""

from __future__ import annotations

from eventy.clock import Clock
from eventy.tasks import Stop, unless


class Pauses:
    """Waits for time to pass, but no longer than until its worker is stopped.

    Parameters
        stopping: set when the worker is.
    """

    def __init__(self, clock: Clock, stopping: Stop) -> None:
        #: Until when those under way last, on the clock that never goes back.
        self.dues: list[float] = []
        self._clock = clock
        self._stopping = stopping

    async def __call__(self, seconds: float) -> None:
        """Return after so many seconds, or when the worker is stopped."""
        due = self._clock.monotonic() + seconds
        self.dues.append(due)
        try:
            await unless(self._stopping, self._clock.sleep(seconds))
        finally:
            self.dues.remove(due)
