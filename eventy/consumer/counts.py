"""What a consumer has done so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Messages, counted since the consumer was built.

    Parameters
        handled: whose handlers have returned, whose sends are acknowledged.
        retried: attempts that failed and were to be made again.
        skipped: given up and passed over.
        dead_lettered: given up and put aside, their letters acknowledged.
        poison: that couldn't be decoded, whatever became of them.
        tombstones_passed_over: tombstones that nothing is registered for.
    """

    handled: int = 0
    retried: int = 0
    skipped: int = 0
    dead_lettered: int = 0
    poison: int = 0
    tombstones_passed_over: int = 0
