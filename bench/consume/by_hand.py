"""Consuming at least once, by hand: a batch, its messages, one commit. The limit of the client."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from bench.avro import COMMAND
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
    async with consumer:
        payments.stopwatch.start()
        while payments.count < task.count:
            batches = await consumer.getmany(timeout_ms=1000)
            for records in batches.values():
                for record in records:
                    await payments.add(COMMAND.decode(record.value))
            await consumer.commit()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
