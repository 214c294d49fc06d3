"""Sending by hand: events by `send()`, each with a future. One at a time for whoever waits, or all of them at once."""

from __future__ import annotations

import asyncio
import uuid

from aiokafka import AIOKafkaProducer

from bench.avro import EVENT
from bench.cloud_events import now, of_first
from bench.contestant import Stopwatch, Task, run
from bench.send.payments import AT_ONCE, payments, slices


async def send(task: Task) -> dict[str, float]:
    stopwatch = Stopwatch()
    producer = AIOKafkaProducer(
        bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True, max_batch_size=262_144
    )

    async def send_one(payment: dict[str, object]) -> None:
        corr_id, key = str(payment["correlation_id"]), str(payment["payment_id"])
        headers = of_first(str(uuid.uuid4()), corr_id, now())
        await producer.send_and_wait(task.out, EVENT.encode(payment), key=key.encode(), headers=headers)

    async with producer:
        await producer.partitions_for(task.out)
        stopwatch.start()
        for some in slices(payments(task.count), AT_ONCE):
            await asyncio.gather(*map(send_one, some))
        stopwatch.stop()
    return stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(send)
