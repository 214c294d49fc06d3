"""Batches of the Kafka client, and the partitions that their records go to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from random import choice

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from eventy.broker.partitioner import partition_of
from eventy.message.record import ProducerRecord, TopicPartition


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> list[int]:
    return sorted(await producer.partitions_for(topic))


class Partitioning:
    """Where the records of one write go: by their keys, all those without one to a single partition, for one batch."""

    def __init__(self, partitions: list[int]) -> None:
        self._partitions = partitions
        self._keyless = choice(partitions)

    def any(self) -> int:
        """Return a partition for a record without a key that is sent by itself: such records spread."""
        return choice(self._partitions)

    def of(self, key: bytes | None) -> int:
        """Return the partition of a key."""
        return self._keyless if key is None else self._partitions[partition_of(key, len(self._partitions))]


async def targets_of(
    producer: AIOKafkaProducer, records: Iterable[ProducerRecord]
) -> dict[TopicPartition, list[ProducerRecord]]:
    """Return where each record goes, in order within a partition."""
    partitionings: dict[str, Partitioning] = {}
    groups: dict[str, defaultdict[int, list[ProducerRecord]]] = {}
    for record in records:
        topic = record.topic
        if topic not in partitionings:
            partitionings[topic], groups[topic] = Partitioning(await partitions_of(producer, topic)), defaultdict(list)
        groups[topic][partitionings[topic].of(record.key)].append(record)
    return {TopicPartition(topic, at): group for topic, found in groups.items() for at, group in found.items()}


def batches_of(producer: AIOKafkaProducer, records: Iterable[ProducerRecord]) -> Iterator[BatchBuilder]:
    """Return the batches that the records of one partition fill.

    Each is written before the next: after one that fails none may follow.
    """
    batch, count = producer.create_batch(), 0
    append = batch._builder.append  # two calls less for each record than by the batch's own
    for record in records:
        _, key, value, headers = record
        if append(count, None, key, value, list(headers)) is None:  # it is full; the first one always fits
            batch._relative_offset = count
            yield batch
            batch, count = producer.create_batch(), 0
            append = batch._builder.append
            append(count, None, key, value, list(headers))
        count += 1
    batch._relative_offset = count
    yield batch


async def write_batch(producer: AIOKafkaProducer, batch: BatchBuilder, partition: TopicPartition) -> None:
    """Return when the broker has acknowledged a batch."""
    batch.close()
    await (await producer.send_batch(batch, partition.topic, partition=partition.partition))
