"""From bytes to data by bare fastavro, or to an event object by eventy: µs of a message."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.avro import COMMAND
from bench.consume.with_eventy import CreatePayment
from bench.contestant import Task, run
from bench.fill import PAYMENTS, command
from bench.service import create_service

_ROUNDS = 20


async def decode(task: Task) -> dict[str, float]:
    read: Callable[[bytes], object] = COMMAND.decode
    if task.option == "eventy":
        read = create_service(task, CreatePayment).event_serializer().decode
    messages = [command(number).value for number in range(PAYMENTS)]
    began = time.perf_counter()
    for _ in range(_ROUNDS):
        for message in messages:
            read(message)
    return {"time": (time.perf_counter() - began) / _ROUNDS / len(messages) * 1e6}


if __name__ == "__main__":
    run(decode)
