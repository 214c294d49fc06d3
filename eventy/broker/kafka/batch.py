"""Batches of the Kafka client, and the partitions that their records go to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from random import choice

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from eventy.broker.partitioner import partition_of
from eventy.message.record import ProducerRecord, TopicPartition


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> list[int]:
    return sorted(await producer.partitions_for(topic))


class Places:
    """Where the records of one write go: by their keys, all those without one to a single partition, for one batch."""

    def __init__(self, partitions: list[int]) -> None:
        self._partitions = partitions
        self._keyless = choice(partitions)

    def of(self, key: bytes | None) -> int:
        """Return the partition of a key."""
        return self._keyless if key is None else self._partitions[partition_of(key, len(self._partitions))]


async def targets_of(
    producer: AIOKafkaProducer, records: Iterable[ProducerRecord]
) -> dict[TopicPartition, list[ProducerRecord]]:
    """Return where each record goes, in order within a partition."""
    places: dict[str, Places] = {}
    targets: defaultdict[tuple[str, int], list[ProducerRecord]] = defaultdict(list)
    for record in records:
        topic = record.topic
        if topic not in places:
            places[topic] = Places(await partitions_of(producer, topic))
        targets[topic, places[topic].of(record.key)].append(record)
    return {TopicPartition(*target): group for target, group in targets.items()}


async def write_batches(producer: AIOKafkaProducer, partition: TopicPartition, records: list[ProducerRecord]) -> None:
    """Return when all records are acknowledged.

    Batch after batch, which is how the client sends them anyway: after one that fails none may follow.
    """
    for batch in _batches_of(producer, records):
        await (await _submit(producer, batch, partition))


def _batches_of(producer: AIOKafkaProducer, records: list[ProducerRecord]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            yield batch
            batch = producer.create_batch()
            _append(batch, record)
    yield batch


def _append(batch: BatchBuilder, record: ProducerRecord) -> bool:
    """Add a record to a batch; False when it is full. The first one always fits."""
    headers = list(record.headers)
    return batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is not None


async def _submit(producer: AIOKafkaProducer, batch: BatchBuilder, partition: TopicPartition) -> asyncio.Future[object]:
    """Queue a batch; the future is done when the broker has acknowledged it."""
    batch.close()
    acknowledged: asyncio.Future[object] = await producer.send_batch(
        batch, partition.topic, partition=partition.partition
    )
    return acknowledged
