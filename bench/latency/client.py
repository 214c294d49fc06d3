"""Sends requests at a fixed rate to a service, and notes when the event of each is visible: p50 and p99 in ms."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles

import httpx
from aiokafka import AIOKafkaConsumer

from bench.avro import EVENT
from bench.contest import ROOT
from bench.contestant import Task, run
from bench.fill import payment
from bench.latency.service import RATE, REQUESTS
from eventy.testing.kafka.process import dies_with_parent, free_port
from eventy.testing.kafka.topics import create_topics, unique

# Requests before those that count, and seconds for everything to be ready.
_WARMING, _READY = 50, 30


@asynccontextmanager
async def service(task: Task) -> AsyncIterator[httpx.AsyncClient]:
    """Run the service that the task names, and return a client of it once it answers."""
    port, commands = free_port(), unique("bench-commands")
    await create_topics(task.bootstrap, {commands: 4})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"bench.latency.{task.option}", task.bootstrap, commands, task.out, str(port)),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(_READY):
            while True:
                try:
                    await client.get("/")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=_READY) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def measure(task: Task) -> dict[str, float]:
    sent: dict[str, float] = {}
    took: dict[str, float] = {}
    visible = asyncio.Event()

    async def watch(events: AIOKafkaConsumer) -> None:
        async for record in events:
            now, payment_id = time.perf_counter(), EVENT.decode(record.value)["payment_id"]
            took[payment_id] = (now - sent[payment_id]) * 1000
            if len(took) == len(sent) == REQUESTS + _WARMING:
                visible.set()

    async def request(client: httpx.AsyncClient, number: int) -> None:
        data = payment(number)
        sent[data["payment_id"]] = time.perf_counter()
        (await client.post("/payments", json=data)).raise_for_status()

    events = AIOKafkaConsumer(task.out, bootstrap_servers=task.bootstrap, auto_offset_reset="earliest")
    async with events, service(task) as client, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(events))
        began = time.perf_counter()
        for number in range(REQUESTS + _WARMING):
            await asyncio.sleep(began + number / RATE - time.perf_counter())
            tasks.create_task(request(client, number))
        await asyncio.wait_for(visible.wait(), _READY)
        watching.cancel()
    counted = [took[payment(number)["payment_id"]] for number in range(_WARMING, REQUESTS + _WARMING)]
    cuts = quantiles(counted, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}


if __name__ == "__main__":
    run(measure)
