"""Consuming at least once with eventy: commands as classes, one injected repository, everything on."""

from __future__ import annotations

from bench.contestant import Payments, Task, run
from bench.service import create_service, has_partitions
from eventy.command.base import BaseCommand


class CreatePayment(BaseCommand):
    """Store a payment."""

    @classmethod
    def name(cls) -> str:
        return "bench.command.CreatePayment"

    async def execute(self, payments: Payments) -> None:
        await payments.add(self.data)


async def consume(task: Task) -> dict[str, float]:
    service = create_service(task, CreatePayment)
    payments = service.payments()
    async with service.app():
        await has_partitions(service)
        payments.stopwatch.start()
        await payments.complete.wait()
    return payments.stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(consume)
