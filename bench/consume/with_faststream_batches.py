"""Consuming at least once with FastStream: a handler a batch, which is what its fastest form takes.

The handler gets lists, so it has no context of a message's own, and an error is one of the whole batch.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from faststream import AckPolicy, Depends
from faststream.kafka import KafkaBroker, KafkaMessage

from bench.avro import COMMAND
from bench.contestant import Payments, Task, run


async def consume(task: Task) -> dict[str, float]:
    payments = Payments(task.count)
    broker = KafkaBroker(task.bootstrap, logger=None, serializer=None)

    def repository() -> Payments:
        return payments

    async def decode(batch: KafkaMessage) -> list[dict[str, Any]]:
        return [COMMAND.decode(body) for body in cast(list[bytes], batch.body)]

    @broker.subscriber(
        task.topic,
        group_id=task.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        batch=True,
        max_records=2_000,
        decoder=decode,
    )
    async def create_payments(batch: list[dict[str, Any]], payments: Annotated[Payments, Depends(repository)]) -> None:
        for payment in batch:
            await payments.add(payment)

    async with broker:
        await broker.start()
        payments.stopwatch.start()
        await payments.complete.wait()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
