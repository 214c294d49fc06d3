"""Gives the rest of the loop its turn, while messages are handled one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from eventy.clock import Clock

# Seconds for which handlers that never wait may have the loop: a request to the server waits so long.
STINT = 0.01
# Turns of the loop that a rest gives to everything else. In each the sockets are looked at, which costs; with three,
# what others are flushing gets on by a step whenever a slice begins.
_TURNS = 3


class Turns:
    """What the workers of a consumer agree on: who rests within a slice goes on with it before another one begins."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resting = 0
        self._flushing = 0
        self._nobody_rests = asyncio.Event()
        self._nobody_rests.set()
        self._beginning = asyncio.Lock()

    async def begin(self) -> None:
        """Wait for the turn to begin a slice; what others are flushing gets on meanwhile."""
        async with self._beginning:  # in a row: each rest would wake all the partitions that wait, for one to begin
            while self._resting:
                await self._nobody_rests.wait()
            if self._flushing:
                await self.rest()

    async def rest(self) -> None:
        """Leave the loop to everything else, but for slices that would begin."""
        self._resting += 1
        self._nobody_rests.clear()
        try:
            for _ in range(_TURNS):
                await self._clock.sleep(0)
        finally:
            self._resting -= 1
            if not self._resting:
                self._nobody_rests.set()

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Note that somebody waits for what a slice has sent."""
        self._flushing += 1
        try:
            yield
        finally:
            self._flushing -= 1
