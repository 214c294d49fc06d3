"""Replays on Kafka: where they end, and where they go on after a rebalance."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.topics import unique


async def write_transactions(bootstrap: str, topic: str, *outcomes: str) -> None:
    """Write three records a transaction, each of which is then committed, or aborted."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=unique("writer"))
    await producer.start()
    try:
        for outcome in outcomes:
            await producer.begin_transaction()
            for number in range(3):
                await producer.send_and_wait(topic, encoded(number), partition=0)
            await (producer.commit_transaction() if outcome == "committed" else producer.abort_transaction())
    finally:
        await producer.stop()


async def commit(bootstrap: str, group: str, topic: str, *offsets: int) -> None:
    """Commit offsets of the partitions from 0 on, as another client of the group would: markers included."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        places = {TopicPartition(topic, number): offset for number, offset in enumerate(offsets)}
        consumer.assign(list(places))
        await consumer.commit(places)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("has_group", [True, False], ids=["group", "none"])
@pytest.mark.parametrize(
    ("outcomes", "end"),
    [(["committed"], 4), (["committed", "aborted"], 8), (["aborted"], 4), (["aborted", "committed", "aborted"], 12)],
    ids=["committed", "aborted last", "aborted only", "aborted around"],
)
async def test_replay_of_transactions_ends_though_no_record_stands_at_its_end(
    scene: Scene, kafka_broker: KafkaBroker, outcomes: list[str], end: int, has_group: bool
) -> None:
    topic, notes, reached = await scene.topic(), Notes(), asyncio.Event()
    await write_transactions(kafka_broker.bootstrap, topic, *outcomes)
    if has_group:
        await commit(kafka_broker.bootstrap, topic, topic, end)
    consumer: Any = await scene.begin(notes, topic, group=topic if has_group else None, position="earliest")
    consumer.set_checkpoint_callback(reached.set)
    await until(reached.is_set, lambda: f"the checkpoint, found {notes.numbers}")
    assert notes.numbers == [0, 1, 2] * outcomes.count("committed")
    await scene.backend.put(topic, encoded(7))
    await until(lambda: notes.numbers[-1:] == [7])
    assert not notes.contexts[-1].is_replaying


async def test_partition_that_is_kept_goes_on_in_the_middle_of_its_replay(
    scene: Scene, kafka_broker: KafkaBroker
) -> None:
    topic, going_on = await scene.topic(partitions=2), asyncio.Event()
    for partition in range(2):
        for number in range(10):
            await scene.backend.put(topic, encoded(100 * partition + number), partition=partition)
    await commit(kafka_broker.bootstrap, topic, topic, 8, 8)

    async def wait_at_three(event: BaseEvent, context: Context) -> None:
        if context.offset == 3:
            await going_on.wait()

    old, new = Notes(wait_at_three), Notes()
    await scene.consume(old, topic, group=topic, position="earliest")
    await old.until(8)
    joining = asyncio.create_task(scene.consume(new, topic, group=topic, position="earliest"))
    await asyncio.sleep(1.5)  # longer than a heartbeat: the rebalance waits for the handlers
    going_on.set()
    await joining
    await new.until(10)
    moved = new.contexts[0].partition
    kept = 1 - moved
    await old.until(4 + 10)
    assert new.numbers == [100 * moved + number for number in range(10)]
    assert [number for number in old.numbers if number // 100 == kept] == [100 * kept + n for n in range(10)]
    assert [number for number in old.numbers if number // 100 == moved] == [100 * moved + n for n in range(4)]
