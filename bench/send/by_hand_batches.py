"""Sending in bulk by hand: `send_batch()`. The limit of the client."""

from __future__ import annotations

import uuid

from aiokafka import AIOKafkaProducer

from bench.avro import EVENT
from bench.batches import Outgoing, send_in_batches
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
            moment, outgoing = now(), []
            for payment in some:
                headers = of_first(str(uuid.uuid4()), payment["correlation_id"], moment)
                outgoing.append(Outgoing(payment["payment_id"].encode(), EVENT.encode(payment), headers))
            await send_in_batches(producer, task.out, outgoing)
        stopwatch.stop()
    return stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(send)
