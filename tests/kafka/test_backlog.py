"""However much waits in the topics, a consumer takes little of it into memory."""

from __future__ import annotations

import asyncio
import sys

from aiokafka import AIOKafkaProducer

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.conformance.serializer import encoded
from tests.service.process import ROOT

COUNT = 1_000_000
PARTITIONS = 6
# What a million messages may add to the process.
MOST = 100_000_000


async def fill(bootstrap: str, topic: str) -> None:
    """Put COUNT messages into a topic, in batches as large as the producer makes them."""
    value = encoded(1, text="x" * 100)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=500_000) as producer:
        batches = []
        for partition in range(PARTITIONS):
            left = COUNT // PARTITIONS + (partition < COUNT % PARTITIONS)
            while left:
                batch = producer.create_batch()
                while left and batch.append(key=b"%d" % (left % 1_000), value=value, timestamp=None) is not None:
                    left -= 1
                batches.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*batches)


async def test_backlog_of_a_million_messages_takes_less_than_100_mb(scene: Scene, backend: KafkaBackend) -> None:
    topic, bootstrap = await scene.topic(partitions=PARTITIONS), backend.connection.bootstrap_server
    await fill(bootstrap, topic)
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kafka.backlog.reader", bootstrap, topic, str(COUNT)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(240):
        answer, _ = await reader.communicate()
    before, most, seconds = map(float, answer.split())
    growth = (most - before) * 1024
    print(f"\n{COUNT} messages in {seconds:.1f} s; {before / 1024:.0f} MiB before, {most / 1024:.0f} at most")  # noqa: T201
    assert growth < MOST
