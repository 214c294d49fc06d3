"""One message after the other: what needs no broker to be seen."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import pytest

from eventy.clock import Clock
from eventy.errors import Unretryable
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.clock import VirtualClock
from eventy.testing.conformance.scene import Notes, Scene, failing, port_of, until


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of failures in the log would take longer than the test."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def most_between_turns(notes: Notes, count: int) -> int:
    """Return how often a handler was called at most while nobody else had a turn of the loop."""
    turns = [0]
    while len(notes.numbers) < count:
        await Clock().sleep(0)
        turns.append(len(notes.numbers))
    return max(after - before for before, after in pairwise(turns))


def taking(clock: VirtualClock, seconds: float) -> Callable[[BaseEvent, Context], Awaitable[None]]:
    """Return a handler that takes so long, and never waits."""

    async def take(_: BaseEvent, __: Context) -> None:
        clock.advance(seconds)

    return take


async def test_partition_whose_message_waits_for_its_retry_is_not_fetched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes, fetched = await scene.topic(partitions=2), failing(0), Counter[int]()
    consumer = await scene.consume(notes, topic, group="g", retry_interval=60_000)
    fetch = port_of(consumer).fetch

    async def counted() -> object:
        found = await fetch()
        fetched.update(partition.partition for partition in found)
        return found

    await scene.put(topic, 0)
    await until(lambda: consumer.counts.retried == 1)
    monkeypatch.setattr(port_of(consumer), "fetch", counted)
    for number in range(1, 5):  # the fetch under way isn't counted, those after it are
        await scene.put(topic, number)
        await scene.put(topic, 10 + number, partition=1)
        await notes.until(1 + number)
    assert notes.numbers == [0, 11, 12, 13, 14]
    assert list(fetched) == [1]


async def test_retries_without_a_wait_leave_the_loop_to_others(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0, times=1_000)
    await scene.put(topic, 0)
    await scene.begin(notes, topic, group="g", max_retries=1_000, retry_interval=0)
    assert await most_between_turns(notes, 1_001) < 10


async def test_messages_that_are_passed_over_leave_the_loop_to_others(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(*range(1_000), error=Unretryable)
    await scene.put(topic, *range(1_000))
    await scene.begin(notes, topic, group="g", on_exhausted="skip")
    assert await most_between_turns(notes, 1_000) < 10


async def test_handlers_that_never_wait_leave_the_loop_to_others_every_10_ms(scene: Scene) -> None:
    topic, clock = await scene.topic(), VirtualClock()
    notes = Notes(taking(clock, 1 / 256))
    await scene.put(topic, *range(100))
    await scene.begin(notes, topic, group="g", clock=clock, slice_time=1_000)
    assert await most_between_turns(notes, 100) == 3


async def test_slice_whose_worker_rests_goes_on_before_another_one_begins(scene: Scene) -> None:
    topic, clock = await scene.topic(partitions=2), VirtualClock()
    notes = Notes(taking(clock, 1 / 256))
    await scene.put(topic, *range(50))
    await scene.put(topic, *range(100, 150), partition=1)
    await scene.begin(notes, topic, group="g", clock=clock, slice_time=1_000)
    await notes.until(100)
    assert notes.numbers in ([*range(50), *range(100, 150)], [*range(100, 150), *range(50)])


async def test_handler_that_waits_leaves_their_turn_to_others(scene: Scene) -> None:
    topic, clock, others = await scene.topic(partitions=2), VirtualClock(), asyncio.Event()
    take = taking(clock, 0.02)

    async def wait(event: BaseEvent, context: Context) -> None:
        await take(event, context)
        if context.partition == 0:
            await others.wait()
        else:
            others.set()

    notes = Notes(wait)
    await scene.put(topic, 0, 1)
    await scene.put(topic, 10, 11, partition=1)
    await scene.begin(notes, topic, group="g", clock=clock)
    await notes.until(4)
