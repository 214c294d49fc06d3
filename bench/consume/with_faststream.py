"""Consuming with FastStream: a handler a message, one injected repository.

As fast as it goes: offsets are committed in the background (`ACK_FIRST`, the default; every other policy commits each
message), nothing is logged, and neither pydantic nor anything else converts what the decoder returns.
"""

from __future__ import annotations

from typing import Annotated, Any

from faststream import Depends
from faststream.kafka import KafkaBroker, KafkaMessage

from bench.avro import COMMAND
from bench.contestant import Payments, Task, run


async def consume(task: Task) -> dict[str, float]:
    payments = Payments(task.count)
    broker = KafkaBroker(task.bootstrap, logger=None, serializer=None)

    def repository() -> Payments:
        return payments

    async def decode(message: KafkaMessage) -> dict[str, Any]:
        return COMMAND.decode(message.body)

    @broker.subscriber(task.topic, group_id=task.group, auto_offset_reset="earliest", decoder=decode)
    async def create_payment(payment: dict[str, Any], payments: Annotated[Payments, Depends(repository)]) -> None:
        await payments.add(payment)

    async with broker:
        await broker.start()
        payments.stopwatch.start()
        await payments.complete.wait()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
