"""What an application still has to do, in words."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from eventy.consumer.run import Run
from eventy.consumer.unfinished import stack
from eventy.message.record import TopicPartition, place_of
from eventy.testing.deliveries import Deliveries, Running
from eventy.words import counted

# Of a kind that are named one by one.
_NAMED = 10
# Messages of one name in one wait that are too many to be an accident.
_MANY = 100


def described(
    runs: Sequence[Run], lag: Mapping[tuple[str, TopicPartition], int], deliveries: Deliveries, handled: Counter[str]
) -> str:
    """Return what is open: handlers that run, retries that wait, messages that nobody has begun with.

    Parameters
        runs: of the consumers.
        lag: how many messages aren't handled, by group and partition.
        handled: how often messages were delivered since the wait began, by their names.
    """
    parts = [
        _part("handlers that run", _running(runs, deliveries)),
        _part("retries that wait", _waiting(runs)),
        _part("sends that the broker hasn't acknowledged", _unsent(runs)),
        _part("messages that aren't handled", _unhandled(lag)),
        _endless(handled),
    ]
    return "\n".join(part for part in parts if part) or "nothing that is known"


def _running(runs: Iterable[Run], deliveries: Deliveries) -> list[str]:
    found = []
    for run in runs:
        for one in run.running():
            delivery = deliveries.running.get(one.task)
            what = _delivered(delivery) if delivery is not None else ", not with its handlers"
            found.append(f"{place_of(one.record)}, {run.name}{what}\n{_indented(stack(one))}")
    return found


def _delivered(one: Running) -> str:
    age = time.monotonic() - one.since
    return f": {one.event.name()} in {one.handlers}, attempt {one.attempt}, for {age:.1f} s (real time). It is here:"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _waiting(runs: Iterable[Run]) -> list[str]:
    return [
        f"{one.partition} offset {one.offset}, {run.name}: attempt {one.attempt} is due in {one.due:g} s (virtual time)"
        for run in runs
        for one in run.waiting()
    ]


def _unsent(runs: Iterable[Run]) -> list[str]:
    return [f"of {partition}, {run.name}" for run in runs for partition in run.flushing()]


def _unhandled(lag: Mapping[tuple[str, TopicPartition], int]) -> list[str]:
    return [
        f"{counted(count, 'message')} in {partition} for {group}" if count else f"{partition} for {group}, not begun"
        for (group, partition), count in lag.items()
    ]


def _endless(handled: Counter[str]) -> str:
    many = [f"{name} {count} times" for name, count in handled.most_common(3) if count >= _MANY]
    if not many:
        return ""
    return f"messages are handled all the time: {', '.join(many)}; do their handlers answer each other without an end?"


def _part(title: str, found: Sequence[str]) -> str:
    if not found:
        return ""
    more = [f"  and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return "\n".join([f"{title}:", *(f"  {one}" for one in found[:_NAMED]), *more])
