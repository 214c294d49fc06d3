"""Sending in bulk by hand: `send()` for each event, then all the futures."""

from __future__ import annotations

import asyncio
import uuid

from aiokafka import AIOKafkaProducer

from bench.avro import EVENT
from bench.cloud_events import now, of_first
from bench.contestant import Stopwatch, Task, run
from bench.send.payments import IN_BULK, payments, slices


async def send(task: Task) -> dict[str, float]:
    stopwatch = Stopwatch()
    producer = AIOKafkaProducer(
        bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True, max_batch_size=262_144
    )
    async with producer:
        await producer.partitions_for(task.out)
        stopwatch.start()
        for some in slices(payments(task.count), IN_BULK):
            moment, sends = now(), []
            for payment in some:
                headers = of_first(str(uuid.uuid4()), payment["correlation_id"], moment)
                key = payment["payment_id"].encode()
                sends.append(await producer.send(task.out, EVENT.encode(payment), key=key, headers=headers))
            await asyncio.gather(*sends)
        stopwatch.stop()
    return stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(send)
