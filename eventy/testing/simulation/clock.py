"""The time of a simulation."""

from __future__ import annotations

from collections.abc import Callable

from eventy.testing.reckoned import ReckonedClock


class SimulatedClock(ReckonedClock):
    """The virtual time of the loop; all processes share it, as well as the ids.

    Parameters
        time: gives the seconds since the simulation began.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        super().__init__()
        self._time = time

    def monotonic(self) -> float:
        return self._time()
