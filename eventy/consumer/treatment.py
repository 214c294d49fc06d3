"""How one consumer treats its messages, whichever partition they are of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from eventy.clock import Clock
from eventy.consumer.counts import Counts
from eventy.consumer.options import ConsumerOptions, is_exactly_once
from eventy.consumer.turns import Turns
from eventy.emitter.collection import Send
from eventy.message.record import Record

#: Makes the nth attempt at a record, which may be one of a replay, and returns what it sent.
AttemptAt = Callable[[Record, int, bool], Awaitable[Sequence[Send]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What all partitions of a consumer have alike.

    Parameters
        group: whose offsets are committed; None: nobody's.
        attempt: makes attempts at messages.
        counts: is kept up to date.
        turns: in which its partitions are worked on.
    """

    clock: Clock
    options: ConsumerOptions
    group: str | None
    attempt: AttemptAt
    counts: Counts
    turns: Turns

    @property
    def is_exactly_once(self) -> bool:
        """Whether what handlers send is written exactly once."""
        return is_exactly_once(self.options, self.group)
