"""Fills a topic with commands: keys, Avro, and the headers that eventy's emitters write."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from bench.avro import COMMAND
from eventy.broker.partitioner import partition_of

# Payments that there are: a repository of all of a million would measure the garbage collector.
PAYMENTS = 10_000


class Command(NamedTuple):
    """A record, as the client's batches take it."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def payment(number: int) -> dict[str, Any]:
    """Return the data of a command, and of the event that it leads to."""
    return {
        "payment_id": f"payment-{number}",
        "amount": number,
        "currency": "EUR",
        "correlation_id": f"request-{number:08}",
        "event_timestamp": 1_700_000_000_000 + number,
    }


def command(number: int) -> Command:
    data = payment(number)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{number:032x}",
        "ce_type": "bench.command.CreatePayment",
        "ce_source": "bench",
        "ce_time": "2025-01-01T00:00:00.000+00:00",
        "ce_correlationid": data["correlation_id"],
        "content-type": "application/avro",
    }
    return Command(
        data["payment_id"].encode(), COMMAND.encode(data), [(name, value.encode()) for name, value in headers.items()]
    )


async def fill(bootstrap: str, topic: str, partitions: int, count: int) -> None:
    """Put so many commands into a topic, spread over its partitions by their keys."""
    commands = [command(number) for number in range(min(count, PAYMENTS))]
    places: dict[int, list[Command]] = defaultdict(list)
    for one in commands:
        places[partition_of(one.key, partitions)].append(one)
    rounds, rest = divmod(count, len(commands))
    numbers = {one.key: number for number, one in enumerate(commands)}
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_batch_size=500_000, max_request_size=1_000_000
    ) as producer:
        for partition, here in places.items():
            queue = [one for _ in range(rounds) for one in here] + [one for one in here if numbers[one.key] < rest]
            await _write(producer, topic, partition, queue)


async def _write(producer: AIOKafkaProducer, topic: str, partition: int, queue: list[Command]) -> None:
    acknowledged = []
    batch = producer.create_batch()
    for one in queue:
        if batch.append(key=one.key, value=one.value, timestamp=None, headers=one.headers) is None:
            batch.close()
            acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=one.key, value=one.value, timestamp=None, headers=one.headers)
    batch.close()
    acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledged)
