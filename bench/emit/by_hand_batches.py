"""Consume → emit at least once, by hand: the events of a batch by `send_batch()`. The limit of the client."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.avro import COMMAND, EVENT
from bench.batches import Outgoing, send_in_batches
from bench.cloud_events import now, of_answer
from bench.contestant import Payments, Task, run


async def consume(task: Task) -> dict[str, float]:
    payments = Payments(task.count)
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id=task.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True, max_batch_size=262_144
    )
    async with consumer, producer:
        payments.stopwatch.start()
        while payments.count < task.count:
            batches = await consumer.getmany(timeout_ms=1000, max_records=8_000)
            moment, outgoing = now(), []
            for records in batches.values():
                for record in records:
                    payment = COMMAND.decode(record.value)
                    await payments.add(payment)
                    outgoing.append(Outgoing(record.key, EVENT.encode(payment), of_answer(record, moment)))
            await send_in_batches(producer, task.out, outgoing)
            await consumer.commit()
        payments.stopwatch.stop()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
