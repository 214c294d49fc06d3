"""What is still unfinished when the shutdown deadline passes, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from traceback import StackSummary
from typing import NamedTuple

from eventy.consumer.work import Running
from eventy.message.record import Record, TopicPartition, place_of
from eventy.tasks import stack_of
from eventy.words import counted

# Messages, or partitions, that are named one by one.
_NAMED = 3


class Waiting(NamedTuple):
    """A message whose next attempt isn't due yet.

    Parameters
        due: seconds until it is.
    """

    partition: TopicPartition
    offset: int
    attempt: int
    due: float


def stack(running: Running) -> str:
    """Return where its handlers wait, as a traceback shows it."""
    frames = ((frame, frame.f_lineno) for frame in stack_of(running.task))
    return "".join(StackSummary.extract(frames).format()).rstrip()


def messages(
    running: Iterable[Running],
    waiting: Iterable[Waiting],
    given_up: Iterable[Record],
    flushing: Iterable[TopicPartition],
    now: float,
) -> str:
    """Return what a consumer isn't done with, messages whose handlers run first; empty without any."""
    return _listed(
        [
            *(f"{place_of(one.record)}, whose handlers have run for {now - one.since:.0f} s" for one in running),
            *(f"{place_of(record)}, given up, which the broker hasn't acknowledged" for record in given_up),
            *(f"{partition}, whose sends the broker hasn't acknowledged" for partition in flushing),
            *(
                f"{one.partition} offset {one.offset}, which waits for attempt {one.attempt}, due in {one.due:.0f} s"
                for one in waiting
            ),
        ]
    )


def of_others(lag: Mapping[tuple[str, TopicPartition], int]) -> str:
    """Return whose messages aren't handled, by group and partition; empty without any."""
    return _listed(
        [
            f"{counted(count, 'message')} in {partition} for {group}"
            for (group, partition), count in lag.items()
            if count
        ]
    )


def _listed(found: Iterable[str]) -> str:
    named = list(found)
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return "; ".join([*named[:_NAMED], *more])
