"""The time of a simulation."""

from __future__ import annotations

from collections.abc import Callable

from eventy.clock import Clock

# 2024-01-01T00:00Z in ms: any fixed moment does.
_EPOCH = 1_704_067_200_000


class SimulatedClock(Clock):
    """The virtual time of the loop; all processes share it, as well as the ids, which count up.

    Parameters
        time: gives the seconds since the simulation began.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._ids = 0

    def monotonic(self) -> float:
        return self._time()

    def now_ms(self) -> int:
        return _EPOCH + round(self._time() * 1000)

    def new_id(self) -> str:
        self._ids += 1
        return f"00000000-0000-4000-8000-{self._ids:012x}"
