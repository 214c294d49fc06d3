"""What clocks have in common whose time doesn't pass by itself."""

from __future__ import annotations

import itertools

from eventy.clock import Clock

# 2024-01-01T00:00Z in ms: any fixed moment does.
_EPOCH = 1_704_067_200_000


class ReckonedClock(Clock):
    """A clock whose date follows from its `monotonic()`, which begins with 0, and whose ids count up."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    def now_ms(self) -> int:
        return _EPOCH + round(self.monotonic() * 1000)

    def new_id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012x}"
