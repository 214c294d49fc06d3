"""What is fetched: all of it, once, and without keeping others waiting."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, port_of, until
from eventy.testing.conformance.serializer import encoded
from tests.kafka.client import Holding, Pauses, Traffic


async def fill(scene: Scene, topic: str, *, partition: int, records: int, batch: int = 15) -> None:
    """Write records of a kilobyte each, in batches that a fetch takes many of."""
    backend: Any = scene.backend
    producer = await backend.producer()
    for begin in range(0, records, batch):
        built = producer.create_batch()
        for number in range(begin, begin + batch):
            assert built.append(key=None, value=encoded(number, padding="x" * 1_000), timestamp=None) is not None
        await (await producer.send_batch(built, topic, partition=partition))


async def test_a_record_now_and_then_is_not_paused_for_nor_fetched_twice_and_comes_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, sent, arrived = await scene.topic(partitions=2), list[float](), list[float]()

    async def note_time(_: BaseEvent, __: Context) -> None:
        arrived.append(time.monotonic())

    notes = Notes(note_time)
    await scene.consume(notes, topic, group=topic)
    traffic, pauses = Traffic(topic, monkeypatch), Pauses(monkeypatch)
    for number in range(40):
        sent.append(time.monotonic())
        await scene.backend.put(topic, encoded(number))
        await asyncio.sleep(0.05)
    await notes.until(40)
    assert pauses.count == 0
    assert traffic.received <= 1.2 * traffic.size
    # A fetch that lacks a paused partition waits for the others.
    assert median(end - begin for begin, end in zip(sent, arrived, strict=True)) < 0.1


async def test_backlog_of_busy_workers_is_fetched_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, count, numbers = await scene.topic(partitions=2), 6_000, list[int]()
    for partition in range(2):
        await fill(scene, topic, partition=partition, records=count)
    pauses = Pauses(monkeypatch)

    async def work(event: BaseEvent, context: Context) -> None:
        numbers.append(event.data["n"])
        if len(numbers) % 100 == 0:
            await asyncio.sleep(0.05)

    traffic = Traffic(topic, monkeypatch)
    await scene.consume(work, topic, group=topic)
    await until(lambda: len(numbers) >= 2 * count, lambda: f"{2 * count} records, found {len(numbers)}")
    assert len(numbers) == 2 * count
    assert pauses.count > 1  # the workers were behind
    assert 0 < traffic.longest <= 200  # so long a partition that is resumed may wait for one that has nothing
    assert traffic.size > 2 * count * 1_000
    assert traffic.received <= 1.2 * traffic.size


async def test_nothing_is_fetched_before_the_position_is_known(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, notes, ends = await scene.topic(), Notes(), Holding("end_offsets", monkeypatch)
    await fill(scene, topic, partition=0, records=1_500)
    traffic, ends.is_on = Traffic(topic, monkeypatch), True
    consumer = await scene.begin(notes, topic, group=topic, position="latest")
    await ends.until(1)
    await asyncio.sleep(1)  # longer than the client takes to fetch from where it thinks it is
    assert consumer.readiness() is not None
    assert traffic.received == 0
    ends.release()
    await until(lambda: consumer.readiness() is None)
    await scene.backend.put(topic, encoded(-1))
    await notes.until(1)
    assert notes.numbers == [-1]
    assert traffic.received < 10_000


async def test_error_of_the_client_loses_nothing_that_it_had_taken_of_other_partitions(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, failures, swallowed = await scene.topic(partitions=2), 3, set[int]()
    getmany = AIOKafkaConsumer.getmany

    async def swallow(client: AIOKafkaConsumer, **more: Any) -> Mapping[Any, Sequence[Any]]:
        nonlocal failures
        batches: Mapping[Any, Sequence[Any]] = await getmany(client, **more)
        if batches and failures:
            failures -= 1
            swallowed.update(partition.partition for partition in batches)
            # So the client raises when the check of one partition's batch fails after it has taken another's.
            raise CorruptRecordException("of another partition")
        return batches

    going_on = asyncio.Event()

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    notes = Notes(wait)
    await scene.backend.put(topic, encoded(0), partition=0)
    consumer = await scene.consume(notes, topic, group=topic)
    await notes.until(1)
    await scene.backend.put(topic, encoded(1), partition=0)
    await until(lambda: position_of(consumer, 0) == 2)
    monkeypatch.setattr(AIOKafkaConsumer, "getmany", swallow)
    for number in range(2, 8):
        await scene.backend.put(topic, encoded(number), partition=number % 2)
    await until(lambda: not failures, lambda: "all failures")
    going_on.set()  # what waited in memory meanwhile isn't fetched again
    await scene.until_committed(topic, topic, {0: 5, 1: 3})
    assert swallowed
    assert sorted(notes.numbers) == list(range(8))
    assert [number for number in notes.numbers if number not in {3, 5, 7}] == [0, 1, 2, 4, 6]


def position_of(consumer: Any, partition: int) -> int | None:
    """Return where the client goes on in a partition."""
    port: Any = port_of(consumer)
    state = port._consumer._subscription.subscription.assignment
    return next((state.state_value(one).position for one in state.tps if one.partition == partition), None)
