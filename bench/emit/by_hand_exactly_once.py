"""Consume → emit exactly once, by hand, as the client's documentation shows it: a transaction a batch, `send()`.

https://aiokafka.readthedocs.io/en/stable/examples/transaction_example.html
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.avro import COMMAND, EVENT
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
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(bootstrap_servers=task.bootstrap, transactional_id=task.group, max_batch_size=262_144)
    async with consumer, producer:
        payments.stopwatch.start()
        while payments.count < task.count:
            batches = await consumer.getmany(timeout_ms=1000, max_records=8_000)
            if not batches:
                continue
            moment = now()
            async with producer.transaction():
                sends = []
                for records in batches.values():
                    for record in records:
                        payment = COMMAND.decode(record.value)
                        await payments.add(payment)
                        value, headers = EVENT.encode(payment), of_answer(record, moment)
                        sends.append(await producer.send(task.out, value, key=record.key, headers=headers))
                await asyncio.gather(*sends)
                offsets = {partition: records[-1].offset + 1 for partition, records in batches.items()}
                await producer.send_offsets_to_transaction(offsets, task.group)
        payments.stopwatch.stop()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
