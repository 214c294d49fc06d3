"""Batches of the Kafka client, and the partitions that their records go to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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


def batches_of(producer: AIOKafkaProducer, records: list[ProducerRecord]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for record in records:
        if not append(batch, record):
            yield batch
            batch = producer.create_batch()
            append(batch, record)
    yield batch


def append(batch: BatchBuilder, record: ProducerRecord) -> bool:
    """Add a record to a batch; False when it is full. The first one always fits."""
    headers = list(record.headers)
    return batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is not None


async def submit(producer: AIOKafkaProducer, batch: BatchBuilder, partition: TopicPartition) -> asyncio.Future[object]:
    """Queue a batch; the future is done when the broker has acknowledged it."""
    batch.close()
    acknowledged: asyncio.Future[object] = await producer.send_batch(
        batch, partition.topic, partition=partition.partition
    )
    return acknowledged
