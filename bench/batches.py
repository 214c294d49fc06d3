"""The client's batches by hand: `create_batch`, `append` and `send_batch`, grouped by partition."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from bench.cloud_events import Headers
from eventy.broker.partitioner import partition_of


class Outgoing(NamedTuple):
    """A record to be sent."""

    key: bytes
    value: bytes
    headers: Headers


async def send_in_batches(producer: AIOKafkaProducer, topic: str, records: Iterable[Outgoing]) -> None:
    """Send records, and return when the broker has acknowledged them."""
    partitions = len(await producer.partitions_for(topic))
    places: dict[int, list[Outgoing]] = defaultdict(list)
    for record in records:
        places[partition_of(record.key, partitions)].append(record)
    acknowledged = []
    for partition, here in places.items():
        batch = producer.create_batch()
        for key, value, headers in here:
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                batch.close()
                acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        batch.close()
        acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledged)
