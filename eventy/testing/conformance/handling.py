"""What is promised to who sends inside a handler, and to who writes one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from eventy.clock import Clock
from eventy.errors import RecordTooLargeError, SendError
from eventy.event.base import BaseEvent
from eventy.handler.attempt import Deliver
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.conformance.deliveries import at_least_once
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, headers, port_of, until
from eventy.testing.conformance.serializer import JsonSerializer, encoded, event


async def forwarding(scene: Scene, topic: str) -> Deliver:
    """Return a handler that sends each event on, under its key."""
    emitter = await scene.emitter()

    async def forward(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, topic, key=context.key)

    return forward


async def test_sends_inherit_from_the_message(scene: Scene) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    given = [("ce_id", b"m1"), ("ce_correlationid", b"order-1"), ("traceparent", b"00-1-2-01"), ("tenant", b"a")]
    await scene.backend.put(topic, encoded(), headers=given)
    await scene.consume(await forwarding(scene, out), topic)
    (record,) = await scene.records(out, 1)
    assert headers(record)["ce_correlationid"] == b"order-1"
    assert headers(record)["ce_causationid"] == b"m1"
    assert headers(record)["traceparent"] == b"00-1-2-01"
    assert "tenant" not in headers(record)


async def test_ids_of_sends_are_the_same_when_a_message_comes_again(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def send_twice(_: BaseEvent, context: Context) -> None:
        await emitter.send(event(1), out)
        await emitter.send_many([event(2)], out)

    await scene.backend.put(topic, encoded(), headers=[("ce_id", b"m1")])
    await scene.backend.put(topic, encoded(), headers=[("ce_id", b"m1")])
    await scene.consume(send_twice, topic, group=topic)
    ids = [headers(record)["ce_id"] for record in await scene.records(out, 4)]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


async def test_ids_of_sends_are_the_same_after_a_restart_and_differ_between_groups(scene: Scene) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    await scene.backend.put(topic, encoded())
    forward = await forwarding(scene, out)
    for count, group in enumerate([None, None, f"{topic}-1", f"{topic}-2"], start=1):
        consumer = await scene.consume(forward, topic, group=group)
        await scene.records(out, count)
        await scene.give_up(consumer)
    ids = [headers(record)["ce_id"] for record in await scene.records(out, 4)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_nothing_is_visible_until_the_handler_has_returned(scene: Scene) -> None:
    topic, out, emitter, done = await scene.topic(), await scene.topic("out"), await scene.emitter(), asyncio.Event()

    async def send_and_wait(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        await emitter.send_many([event], out)
        await done.wait()

    notes = Notes(send_and_wait)
    await scene.backend.put(topic, encoded())
    await scene.consume(notes, topic)
    await notes.until(1)
    await emitter.send(event(), topic)  # what is sent elsewhere goes out meanwhile
    assert not await scene.backend.records(out)
    done.set()
    await scene.records(out, 4)


async def test_failed_attempt_sends_nothing(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def fail_twice(_: BaseEvent, context: Context) -> None:
        await emitter.send(event(context.attempt), out)
        if context.attempt < 3:
            raise OSError("not yet")

    await scene.backend.put(topic, encoded())
    await scene.consume(fail_twice, topic, clock=HastyClock())
    (record,) = await scene.records(out, 1)
    assert record.value == encoded(3)


async def test_sends_are_written_before_their_message_is_committed(scene: Scene) -> None:
    topic, out, count = await scene.topic(), await scene.topic("out"), 300
    for number in range(count):
        await scene.backend.put(topic, encoded(number))
    await scene.consume(await forwarding(scene, out), topic, group=topic, slice_messages=7)
    committed = 0
    while committed < count:
        await Clock().sleep(0)
        committed = (await scene.backend.committed(topic, topic)).get(0, 0)
        assert len(await scene.backend.records(out)) >= committed


@at_least_once
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_nothing_is_committed_before_what_was_sent_is_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()
    write, acknowledged = emitter.write, asyncio.Event()

    async def held(records: list[ProducerRecord]) -> None:
        await acknowledged.wait()
        await write(records)

    async def forward(sent: BaseEvent, context: Context) -> None:
        if context.partition == 0:
            await emitter.send(sent, out)

    monkeypatch.setattr(emitter, "write", held)
    notes = Notes(forward)
    await scene.consume(notes, topic, group=topic, concurrency=concurrency)
    await scene.put(topic, 1)
    await notes.until(1)
    for number in range(2, 5):  # another partition goes on, so there were commits
        await scene.put(topic, number, partition=1)
        await scene.until_committed(topic, topic, {0: 0, 1: number - 1})
    acknowledged.set()
    await scene.until_committed(topic, topic, {0: 1, 1: 3})
    await scene.records(out, 1)


async def test_order_of_a_key_is_kept_through_handlers(scene: Scene) -> None:
    topic, out = await scene.topic(partitions=3), await scene.topic("out", partitions=2)
    emitter, arrived = await scene.emitter(), Notes()
    await scene.consume(await forwarding(scene, out), topic, group=topic, slice_messages=20)
    await scene.consume(arrived, out)
    await emitter.send_many(map(event, range(600)), topic, key=lambda sent: str(sent.data["n"] % 6))
    await arrived.until(600)
    for key in range(6):
        assert [number for number in arrived.numbers if number % 6 == key] == list(range(key, 600, 6))


async def test_task_that_outlives_its_handler_cannot_send(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    tasks: list[asyncio.Task[None]] = []
    returned = asyncio.Event()

    async def send_late() -> None:
        await returned.wait()
        await emitter.send(event(), out)

    async def leave_behind(_: BaseEvent, context: Context) -> None:
        tasks.append(asyncio.create_task(send_late()))

    await scene.backend.put(topic, encoded())
    await scene.consume(leave_behind, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 1})
    returned.set()
    with pytest.raises(SendError, match="outlived"):
        await tasks[0]
    assert not await scene.backend.records(out)


async def test_oversize_belongs_to_the_handler_that_sent_it(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def send_too_much(_: BaseEvent, context: Context) -> None:
        with pytest.raises(RecordTooLargeError):
            await emitter.send(event(padding="x" * 1_048_576), out)
        await emitter.send(event(1), out)

    await scene.backend.put(topic, encoded())
    await scene.consume(send_too_much, topic)
    (record,) = await scene.records(out, 1)
    assert record.value == encoded(1)


async def test_scope_surrounds_each_attempt_and_ends_before_its_sends_go_out(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    seen: list[str] = []

    @asynccontextmanager
    async def scope() -> AsyncIterator[None]:
        seen.append("begin")
        try:
            yield
        except ValueError as error:
            seen.append(f"rollback: {error}")
            raise
        seen.append(f"commit, {len(await scene.backend.records(out))} sent")

    async def fail_once(sent: BaseEvent, context: Context) -> None:
        seen.append("handle")
        await emitter.send(sent, out)
        if context.attempt == 1:
            raise ValueError("not yet")

    await scene.backend.put(topic, encoded())
    await scene.consume(fail_once, topic, scope=scope, clock=HastyClock())
    await scene.records(out, 1)
    assert seen == ["begin", "handle", "rollback: not yet", "begin", "handle", "commit, 0 sent"]


async def test_scope_that_fails_to_commit_fails_the_attempt(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    failures = [ValueError("the commit failed")]

    @asynccontextmanager
    async def scope() -> AsyncIterator[None]:
        yield
        if failures:
            raise failures.pop()

    async def send_attempt(_: BaseEvent, context: Context) -> None:
        await emitter.send(event(context.attempt), out)

    await scene.backend.put(topic, encoded())
    await scene.consume(send_attempt, topic, scope=scope, clock=HastyClock())
    (record,) = await scene.records(out, 1)
    assert record.value == encoded(2)


async def test_handler_that_never_waits_leaves_the_loop_to_others(scene: Scene) -> None:
    topic, emitter, notes = await scene.topic(), await scene.emitter(), Notes()
    await emitter.send_many(map(event, range(20_000)), topic)
    consumer = await scene.begin(notes, topic, slice_time=1)
    turns, between = [0], Clock()
    while len(notes.numbers) < 20_000:
        await between.sleep(0)
        turns.append(len(notes.numbers))
    assert max(after - before for before, after in pairwise(turns)) < 1_000
    await scene.give_up(consumer)


async def test_cancelled_error_of_a_handler_is_a_failure_of_its_message(scene: Scene) -> None:
    topic = await scene.topic()

    async def cancelled_once(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 1 and context.attempt == 1:
            raise asyncio.CancelledError

    notes = Notes(cancelled_once)
    await scene.backend.put(topic, encoded(1))
    await scene.backend.put(topic, encoded(2))
    await scene.consume(notes, topic, group=topic, clock=HastyClock())
    await scene.until_committed(topic, topic, {0: 2})
    assert notes.numbers == [1, 1, 2]


async def test_backlog_is_not_taken_into_memory(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, emitter, going_on = await scene.topic(partitions=2), await scene.emitter(), asyncio.Event()
    batches: list[int] = []

    async def wait_in_the_first(_: BaseEvent, context: Context) -> None:
        if context.partition == 0:
            await going_on.wait()

    for _ in range(12):  # more than a batch of memory has messages, and of Kafka bytes
        await emitter.send_many([event(padding="x" * 1_000) for _ in range(1_000)], topic, key=lambda _: b"c")
    (first,) = {record.partition for record in await scene.backend.records(topic)}
    assert first == 0
    notes = Notes(wait_in_the_first)
    consumer = await scene.begin(notes, topic)
    fetch = port_of(consumer).fetch

    async def counted() -> object:
        found = await fetch()
        batches.extend(partition.partition for partition, records in found.items() if records)
        return found

    monkeypatch.setattr(port_of(consumer), "fetch", counted)
    await notes.until(1)
    for count in range(2, 12):  # the other partition's messages are fetched one by one, and the first has its turn
        await scene.backend.put(topic, encoded(), partition=1)
        await notes.until(count)
    assert batches.count(0) <= 3
    going_on.set()
    await notes.until(12_011 - 1)
    assert batches.count(0) > 4


async def test_values_are_decoded_for_each_handler(scene: Scene) -> None:
    topic, changed = await scene.topic(), []

    async def change(event: BaseEvent, context: Context) -> None:
        changed.append(dict(event.data))
        event.data["n"] = 99
        if context.attempt == 1:
            raise ValueError("not yet")

    await scene.backend.put(topic, JsonSerializer().encode(event(1)))
    await scene.consume(change, topic, clock=HastyClock())
    await until(lambda: len(changed) == 2)
    assert changed == [{"n": 1}, {"n": 1}]
