"""How many messages a consumer has had, by what became of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Messages since the start of one consumer; a message that comes again is counted again.

    Parameters
        handled: their handlers have returned, or there were none.
        retried: attempts that failed and were to be made again.
        skipped: given up and passed over, by `on_exhausted="skip"`.
        dead_lettered: given up and written to the dead-letter topic.
        poison: bytes that can't be decoded; those passed over are among `skipped` or `dead_lettered` too.
        tombstones_passed_over: records without a value that nothing is registered for; they are among `handled` too.
        transactions_discarded: that failed or whose outcome wasn't known at once; nothing of them was lost or doubled.
        transactions_fenced: of those, by another producer with their id.
        partitions_moved: begun again, since somebody else had gone on with them.
    """

    handled: int = 0
    retried: int = 0
    skipped: int = 0
    dead_lettered: int = 0
    poison: int = 0
    tombstones_passed_over: int = 0
    transactions_discarded: int = 0
    transactions_fenced: int = 0
    partitions_moved: int = 0
