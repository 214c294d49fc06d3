"""Sending with eventy, outside of any handler: `send`, each awaited by somebody, or `send_many`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bench.contestant import Stopwatch, Task, run
from bench.send.payments import AT_ONCE, IN_BULK, payments, slices
from bench.service import create_service
from eventy.app.process import freeze
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent


class PaymentCreated(BaseEvent):
    """A payment is stored."""

    @classmethod
    def name(cls) -> str:
        return "bench.event.PaymentCreated"


async def send_each(emitter: BaseEventEmitter, out: str, some: Sequence[dict[str, Any]]) -> None:
    await asyncio.gather(*(emitter.send(PaymentCreated(data), out, key=data["payment_id"]) for data in some))


async def send_many(emitter: BaseEventEmitter, out: str, some: Sequence[dict[str, Any]]) -> None:
    await emitter.send_many(map(PaymentCreated, some), out, key=lambda event: event.data["payment_id"])


async def send(task: Task) -> dict[str, float]:
    stopwatch, emitter = Stopwatch(), create_service(task, PaymentCreated).event_emitter()
    send_some: Callable[..., Awaitable[None]]
    send_some, size = (send_many, IN_BULK) if task.option == "many" else (send_each, AT_ONCE)
    await emitter.start()
    await send_some(emitter, task.out, payments(1))  # the connections are there, as those by hand are
    freeze()  # as `app.start()` does
    stopwatch.start()
    for some in slices(payments(task.count), size):
        await send_some(emitter, task.out, some)
    stopwatch.stop()
    await emitter.stop()
    return stopwatch.per_message(task.count)


if __name__ == "__main__":
    run(send)
