"""What becomes of a message whose handler fails."""

from __future__ import annotations

from typing import Any

import pytest

from eventy.consumer.options import ConsumerOptions
from eventy.errors import DecodeError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, TurnedClock, failing, revoke_of, until
from eventy.testing.conformance.serializer import encoded, event

both_ways = pytest.mark.parametrize("concurrency", [1, 3])


async def test_attempts_are_counted_and_the_order_of_the_partition_is_kept(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(2, times=2)
    await scene.put(topic, 1, 2, 3)
    await scene.consume(notes, topic, group=topic, clock=HastyClock())
    await scene.until_committed(topic, topic, {0: 3})
    attempts = [(number, context.attempt) for number, context in zip(notes.numbers, notes.contexts, strict=True)]
    assert attempts == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1)]


async def test_waits_grow_up_to_the_longest(scene: Scene) -> None:
    topic, notes, clock = await scene.topic(), failing(1, times=5), HastyClock()
    await scene.put(topic, 1)
    options = ConsumerOptions(retry_interval=100, retry_backoff_coeff=3, retry_max_interval=2_000)
    await scene.consume(notes, topic, group=topic, clock=clock, options=options)
    await scene.until_committed(topic, topic, {0: 1})
    assert clock.waits == [0.1, 0.3, 0.9, 2.0, 2.0]


async def test_other_partitions_go_on_while_a_retry_waits(scene: Scene) -> None:
    topic, notes = await scene.topic(partitions=2), failing(1)
    await scene.put(topic, 1, 2)
    await scene.consume(notes, topic, group=topic, retry_interval=60_000)
    await notes.until(1)
    for number in range(3, 9):
        await scene.put(topic, number, partition=1)
        await until(lambda number=number: notes.numbers[-1] == number)  # type: ignore[misc]  # a default binds it
    assert notes.numbers == [1, 3, 4, 5, 6, 7, 8]
    await scene.until_committed(topic, topic, {0: 0, 1: 6})


async def test_exhausted_message_ends_the_consumer_and_what_succeeded_before_it_is_kept(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def fail_the_fourth(sent: BaseEvent, context: Context) -> None:
        await emitter.send(sent, out)
        if sent.data["n"] == 4:
            raise ValueError("broken")

    notes = Notes(fail_the_fourth)
    await scene.put(topic, 1, 2, 3, 4, 5)
    consumer = await scene.begin(notes, topic, group=topic, max_retries=2, clock=HastyClock())
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 3.* 3 attempts.*ValueError: broken") as failure:
        await consumer.wait()
    assert isinstance(failure.value.__cause__, ValueError)
    assert notes.numbers == [1, 2, 3, 4, 4, 4]
    assert [record.value for record in await scene.records(out, 3)] == [encoded(1), encoded(2), encoded(3)]
    await scene.until_committed(topic, topic, {0: 3})
    assert "broken" in str(consumer.readiness())


async def test_other_partitions_finish_what_runs_when_a_message_is_given_up(scene: Scene) -> None:
    topic, given_up = await scene.topic(partitions=2), Notes()

    async def one_at_a_time(event: BaseEvent, context: Context) -> None:
        if context.partition == 0:
            await until(lambda: 2 in notes.numbers)
            given_up.numbers.append(event.data["n"])
            raise ValueError("broken")
        await until(lambda: bool(given_up.numbers))

    notes = Notes(one_at_a_time)
    await scene.put(topic, 1)
    await scene.put(topic, 2, partition=1)
    consumer = await scene.begin(notes, topic, group=topic, max_retries=0)
    with pytest.raises(HandlerError, match=r"\[0\] offset 0"):
        await consumer.wait()
    await scene.until_committed(topic, topic, {0: 0, 1: 1})


async def test_undecodable_message_is_named_and_not_tried_again(scene: Scene) -> None:
    topic, notes, clock = await scene.topic(), Notes(), HastyClock()
    await scene.put(topic, 1)
    await scene.backend.put(topic, b"\x00garbage")
    await scene.put(topic, 3)
    consumer = await scene.begin(notes, topic, group=topic, clock=clock)
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 1.*can't be decoded.*garbage") as failure:
        await consumer.wait()
    assert isinstance(failure.value.__cause__, DecodeError)
    assert notes.numbers == [1]
    assert clock.waits == []
    await scene.until_committed(topic, topic, {0: 1})


async def test_retries_of_one_message_are_not_those_of_the_next(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()

    async def fail_first(_: BaseEvent, context: Context) -> None:
        if context.attempt <= 2:
            raise OSError("not yet")

    notes = Notes(fail_first)
    await scene.consume(notes, topic, group=topic, max_retries=2, clock=HastyClock())
    await emitter.send_many(map(event, range(4)), topic)
    await scene.until_committed(topic, topic, {0: 4})
    assert [context.attempt for context in notes.contexts] == [1, 2, 3] * 4


async def test_waits_are_shortened_by_no_more_than_the_random_share(scene: Scene) -> None:
    topic, notes, clock = await scene.topic(), failing(*range(20), times=2), HastyClock()
    await scene.put(topic, *range(20))
    await scene.consume(
        notes, topic, group=topic, clock=clock, retry_interval=1_000, retry_backoff_coeff=1, retry_jitter=0.25
    )
    await scene.until_committed(topic, topic, {0: 20})
    assert len(clock.waits) == 40
    assert all(0.75 <= wait <= 1 for wait in clock.waits)
    assert len(set(clock.waits)) > 30


@both_ways
async def test_retries_go_on_where_they_were_after_a_rebalance(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, other, clock = await scene.topic(), await scene.topic("other"), TurnedClock()
    notes = failing(1, times=2)
    await scene.put(topic, 0, 1, 2, key=b"k")
    options: dict[str, Any] = {"retry_interval": 60_000, "retry_backoff_coeff": 1, "concurrency": concurrency}
    consumer = await scene.consume(notes, topic, group=topic, clock=clock, **options)
    for attempt in (1, 2):
        await notes.until(1 + attempt)
        revoke = revoke_of(consumer, monkeypatch)
        # One of another topic: the group rebalances, and the partition comes back.
        passing_by = await scene.consume(Notes(), other, group=topic)
        await revoke.wait()
        await scene.give_up(passing_by)  # to stop, memory would wait for the retry
        await until(lambda: consumer.readiness() is None)
        await scene.until_committed(topic, topic, {0: 1})
        assert len(notes.numbers) == 1 + attempt
        await clock.turn(61)
    await scene.until_committed(topic, topic, {0: 3})
    assert notes.numbers == [0, 1, 1, 1, 2]
    assert [context.attempt for context in notes.contexts] == [1, 1, 2, 3, 1]
    assert consumer.counts.retried == 2


@both_ways
async def test_member_that_takes_over_begins_with_the_message_whose_retry_waited(
    scene: Scene, concurrency: int
) -> None:
    topic, notes, others = await scene.topic(partitions=2), failing(1), Notes()
    for partition in (0, 1):  # whichever of them is left to the first
        await scene.put(topic, 0, 1, 2, 3, partition=partition, key=b"k")
    await scene.consume(notes, topic, group=topic, retry_interval=60_000, concurrency=concurrency)
    await until(lambda: sorted(notes.numbers) == [0, 0, 1, 1])
    await scene.consume(others, topic, group=topic, concurrency=concurrency)
    await others.until(3)
    (theirs,) = {context.partition for context in others.contexts}
    await scene.until_committed(topic, topic, {theirs: 4, 1 - theirs: 1})
    assert others.numbers == [1, 2, 3]
    assert others.contexts[0].attempt == 1
    assert sorted(notes.numbers) == [0, 0, 1, 1]
