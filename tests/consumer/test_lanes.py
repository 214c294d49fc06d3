"""Lanes: what needs no broker to be seen."""

import asyncio
from math import inf
from typing import Any

import pytest

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.delivery import PartitionMovedError
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.memory import MemoryPort
from eventy.errors import BrokerError, BrokerUnavailableError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.clock import VirtualClock
from eventy.testing.conformance.memory import MemoryBackend
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, deliveries_of, failing, revoke_of, until
from eventy.testing.conformance.serializer import encoded


def broker_of(scene: Scene) -> MemoryBroker:
    assert isinstance(scene.backend, MemoryBackend)
    return scene.backend.broker


def dues(consumer: EngineConsumer[Any], clock: VirtualClock) -> list[float | None]:
    assert consumer.run is not None
    return list(consumer.run.dues(clock.nap))


async def turns(count: int) -> None:
    for _ in range(count):
        await Clock().sleep(0)


async def test_message_that_is_about_to_begin_does_not_count_as_stuck(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    await scene.put(topic, *range(100))
    consumer = await scene.begin(notes, topic, group="g", concurrency=2)
    said = set()
    while len(notes.numbers) < 100:
        said.add(consumer.readiness())
        await turns(1)
    assert not [what for what in said if what and "hang" in what]


async def test_partition_that_is_taken_away_while_a_retry_waits_is_no_longer_asleep(scene: Scene) -> None:
    topic, notes, second, clock = await scene.topic(partitions=2), failing(0), Notes(), VirtualClock()
    await scene.put(topic, 0, partition=1)
    first = await scene.consume(notes, topic, group="g", concurrency=2, retry_interval=60_000, clock=clock)
    await until(lambda: 60 in dues(first, clock))
    await scene.consume(second, topic, group="g", concurrency=2)
    await second.until(1)
    assert dues(first, clock) == [inf]


async def test_partition_is_asleep_while_all_there_is_room_for_waits_behind_a_retry(scene: Scene) -> None:
    topic, notes, clock = await scene.topic(), failing(0), VirtualClock()
    await scene.put(topic, *range(5), key=b"a")
    options: dict[str, Any] = {"concurrency": 2, "slice_messages": 5, "retry_interval": 60_000}
    consumer = await scene.consume(notes, topic, group="g", clock=clock, **options)
    await until(lambda: dues(consumer, clock) == [60])
    await scene.put(topic, *range(5, 10), key=b"b")
    await turns(20)
    assert dues(consumer, clock) == [60]
    assert notes.numbers == [0]


async def test_good_messages_that_take_long_are_between_undecodable_ones_all_the_same(scene: Scene) -> None:
    topic, going_on = await scene.topic(), asyncio.Event()

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    notes = Notes(wait)
    for number in range(4):
        await scene.put(topic, number)
        await scene.backend.put(topic, b"garbage")
    consumer = await scene.consume(notes, topic, group="g", concurrency=8, max_poison=2, on_exhausted="skip")
    await until(lambda: consumer.counts.poison == 4)
    going_on.set()
    await scene.until_committed("g", topic, {0: 8})


async def test_undecodable_messages_around_a_retry_are_not_in_a_row(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0, times=1)
    for value in (b"garbage", encoded(0), b"garbage"):
        await scene.backend.put(topic, value)
    await scene.consume(notes, topic, group="g", concurrency=2, max_poison=1, on_exhausted="skip", retry_interval=10)
    await scene.until_committed("g", topic, {0: 3})


async def test_handler_that_outlives_its_partition_leaves_the_retries_that_follow_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryPort, "revoke_timeout", 0.05)
    monkeypatch.setattr("eventy.consumer.assignment._CANCEL", 0.05)
    topic, other, going_on, ended = await scene.topic(), await scene.topic("other"), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation_then_fail(_: BaseEvent, __: Context) -> None:
        if len(notes.numbers) > 1:
            raise OSError("not yet")
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    notes = Notes(ignore_cancellation_then_fail)
    await scene.put(topic, 0, 1, key=b"k")
    consumer = await scene.consume(notes, topic, group="g", concurrency=2, retry_interval=60_000)
    await notes.until(1)
    await scene.consume(Notes(), other, group="g")  # the group rebalances, and the partition comes back
    await notes.until(2)
    going_on.set()
    await ended.wait()
    revoke = revoke_of(consumer, monkeypatch)
    await scene.consume(Notes(), other, group="g")
    await revoke.wait()
    await until(lambda: consumer.readiness() is None)
    await turns(20)
    assert notes.numbers == [0, 0]


async def test_partition_that_moved_is_begun_again_though_a_handler_ignores_its_cancellation(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eventy.consumer.lanes._CANCEL", 0.05)
    topic, going_on, ended = await scene.topic(), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation_or_wait(event: BaseEvent, _: Context) -> None:
        if consumer.counts.partitions_moved or not event.data["n"]:
            return
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                if event.data["n"] == 2:
                    raise
        ended.set()

    async def moved(*_: object) -> None:
        await notes.until(3)
        monkeypatch.setattr(delivery, "write", write)
        raise PartitionMovedError("somebody else has gone on")

    notes = Notes(ignore_cancellation_or_wait)
    options: dict[str, Any] = {"concurrency": 2, "delivery": "exactly_once", "clock": HastyClock()}
    consumer = await scene.consume(notes, topic, group="g", **options)
    (delivery,) = deliveries_of(consumer)
    write = delivery.write
    monkeypatch.setattr(delivery, "write", moved)
    await scene.put(topic, *range(6))
    try:
        await scene.until_committed("g", topic, {0: 6})
        assert not ended.is_set()
    finally:
        going_on.set()
    await ended.wait()
    assert notes.numbers == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    assert f"{topic}[0] 1: the handler ignores its cancellation and is left behind" in caplog.messages


async def test_nothing_of_a_key_overtakes_what_a_rebalance_has_kept_from_being_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    write, tried = emitter.write, asyncio.Event()

    async def fail_at_first(records: list[ProducerRecord]) -> None:
        if not tried.is_set():
            tried.set()
            raise BrokerUnavailableError("away for a moment")
        await write(records)

    async def pass_on(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 1:
            await tried.wait()
        await emitter.send(event, out, key=context.key)

    monkeypatch.setattr(emitter, "write", fail_at_first)
    notes = Notes(pass_on)
    await scene.put(topic, 0, 1, key=b"k")
    await scene.consume(notes, topic, group="g", concurrency=2)
    await notes.until(2)
    await scene.consume(Notes(), await scene.topic("other"), group="g")
    records = await scene.records(out, 2)
    assert [scene.serializer.decode(record.value or b"").data["n"] for record in records] == [0, 1]


async def test_nothing_of_a_key_overtakes_while_refused_sends_are_written_one_by_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, other, out = await scene.topic(), await scene.topic("other"), await scene.topic("out")
    emitter = await scene.emitter()
    write, calls, joining, began = emitter.write, 0, list[asyncio.Task[object]](), asyncio.Event()

    async def write_badly(records: list[ProducerRecord]) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:  # that of the first: the others gather behind it
            began.set()
            await until(lambda: len(notes.numbers) == 4)
            await turns(20)
        if calls == 2:
            raise BrokerError("refused")
        if calls == 3:  # of those that gathered one, alone
            joining.append(asyncio.ensure_future(scene.consume(Notes(), other, group="g")))
            raise BrokerUnavailableError("away for a moment")
        await write(records)

    async def pass_on(event: BaseEvent, context: Context) -> None:
        if event.data["n"]:
            await began.wait()
        await emitter.send(event, out, key=context.key)

    monkeypatch.setattr(emitter, "write", write_badly)
    notes = Notes(pass_on)
    for number, key in enumerate((b"first", b"k", b"another", b"k")):
        await scene.put(topic, number, key=key)
    await scene.consume(notes, topic, group="g", concurrency=4, max_retries=0, on_exhausted="skip")
    await scene.until_committed("g", topic, {0: 4})
    written = [scene.serializer.decode(one.value or b"").data["n"] for one in await scene.backend.records(out)]
    assert [number for number in dict.fromkeys(written) if number in {1, 3}] == [1, 3]
    await asyncio.gather(*joining)
