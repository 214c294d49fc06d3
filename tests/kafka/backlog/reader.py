"""A process that reads a backlog, then says how much memory that took.

Run as `python -m tests.kafka.backlog.reader BOOTSTRAP TOPIC COUNT`; prints `KiB before, KiB at most, seconds`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.consumer.kafka import KafkaConsumer
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.serializer import JsonSerializer


async def read(bootstrap: str, topic: str, count: int) -> tuple[int, int, float]:
    clock, begun, done = Clock(), asyncio.Event(), asyncio.Event()
    handled = 0

    async def handle(event: BaseEvent, context: Context) -> None:
        nonlocal handled
        handled += 1
        if handled == 1:
            begun.set()
            await clock.sleep(1)  # what is fetched ahead is fetched by then
        if handled == count:
            done.set()

    consumer = KafkaConsumer(
        broker=KafkaConnection(bootstrap_server=bootstrap),
        serializer=JsonSerializer(),
        clock=clock,
        event_topics=[topic],
        event_group=topic,
        position="committed",
    )
    before = kib("VmRSS")
    await consumer.start(handle)
    await begun.wait()
    began = clock.monotonic()
    await done.wait()
    seconds = clock.monotonic() - began
    await consumer.stop()
    return before, kib("VmHWM"), seconds


def kib(field: str) -> int:
    """Return what the kernel says of this process's memory: `VmRSS` now, `VmHWM` at most.

    Not getrusage(2): its figure is kept across exec(2), so it may be that of the process which started this one.
    """
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])


if __name__ == "__main__":
    print(*asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3]))))  # noqa: T201 - its answer
