"""Consume → emit with eventy: at least once or exactly once, which is a setting."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from bench.contestant import Payments, Task, run
from bench.service import create_service, has_partitions
from eventy.command.base import BaseCommand
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent


class PaymentCreated(BaseEvent):
    """A payment is stored."""

    @classmethod
    def name(cls) -> str:
        return "bench.event.PaymentCreated"


class CreatePayment(BaseCommand):
    """Store a payment, and say so."""

    out: ClassVar[str]  # a new topic for each run, so no constant

    @classmethod
    def name(cls) -> str:
        return "bench.command.CreatePayment"

    async def execute(self, payments: Payments, event_emitter: BaseEventEmitter) -> None:
        await payments.add(self.data)
        await event_emitter.send(PaymentCreated(self.data), self.out, key=self.data["payment_id"])


async def consume(task: Task) -> dict[str, float]:
    CreatePayment.out = task.out
    service = create_service(task, CreatePayment, PaymentCreated, delivery=task.option)
    payments, counts = service.payments(), service.commands().counts
    async with service.app():
        await has_partitions(service)
        payments.stopwatch.start()
        while counts.handled < task.count:  # noqa: ASYNC110 - the count of acknowledged ones is all that there is
            await asyncio.sleep(0.005)
        payments.stopwatch.stop()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
