"""Messages by key on their way through a group: what goes in, what is committed, what comes out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaProducer

from eventy.message.record import Record
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.conformance.serializer import JsonSerializer, encoded

PARTITIONS = 6
_KEYS = 120
# Messages that trickle in a second.
_RATE = 1_000
_INTERVAL = 0.05


def never(number: int) -> int:
    """Have no attempt at a message fail."""
    return 0


class Flow:
    """A topic, the group that consumes it, and the topic to which the group sends an event for each message.

    Parameters
        topic: also the name of the group.
    """

    def __init__(self, backend: KafkaBackend, topic: str, out: str, producer: AIOKafkaProducer) -> None:
        self.backend = backend
        self.topic = topic
        self.out = out
        self.sent = 0
        self._producer = producer

    @classmethod
    @asynccontextmanager
    async def open(cls, scene: Scene, backend: KafkaBackend) -> AsyncIterator[Self]:
        topic, out = await scene.topic("in", PARTITIONS), await scene.topic("out", PARTITIONS)
        options = {"acks": "all", "enable_idempotence": True, "linger_ms": 5}
        async with AIOKafkaProducer(bootstrap_servers=backend.connection.bootstrap_server, **options) as producer:
            yield cls(backend, topic, out, producer)

    # ------------------------------------------------------------ what goes in

    async def send(self, count: int, fails: Callable[[int], int] = never) -> None:
        """Send so many messages more, numbered on.

        Parameters
            fails: how many attempts at the message of a number fail.
        """
        numbers = range(self.sent, self.sent + count)
        acknowledged = [await self._send(number, fails(number)) for number in numbers]
        await asyncio.gather(*acknowledged)
        self.sent += count

    async def _send(self, number: int, fails: int) -> asyncio.Future[object]:
        headers = [("number", str(number).encode()), ("bytes", b"\xff\x00"), ("empty", b"")]
        sent: asyncio.Future[object] = await self._producer.send(
            self.topic, encoded(number, fails=fails), b"key-%d" % (number % _KEYS), headers=headers
        )
        return sent

    @asynccontextmanager
    async def trickle(self) -> AsyncIterator[None]:
        """Send on and on while the body runs."""
        ends = asyncio.Event()

        async def send() -> None:
            while not ends.is_set():
                await self.send(int(_RATE * _INTERVAL))
                await asyncio.sleep(_INTERVAL)

        sending = asyncio.create_task(send())
        try:
            yield
        finally:
            ends.set()
            await sending

    # ------------------------------------------------------------ what comes of it

    async def committed(self) -> dict[int, int]:
        """Return the group's offsets by partition."""
        return dict(await self.backend.committed(self.topic, self.topic))

    async def until_committed(self) -> None:
        """Return when the group has committed everything that was sent."""
        await until_committed(self.backend, self.topic)

    async def came_out(self) -> Counter[int]:
        """Return how often each message's event was sent."""
        return Counter(map(number_of, await self.backend.records(self.out)))

    async def went_in(self) -> list[Record]:
        return list(await self.backend.records(self.topic))


async def until_committed(backend: KafkaBackend, topic: str) -> None:
    """Return when the group that is called like a topic has committed everything that is in it."""
    everything = ends(await backend.records(topic))
    while await backend.committed(topic, topic) != everything:  # noqa: ASYNC110 - the broker has no event for it
        await asyncio.sleep(0.1)


def number_of(record: Record) -> int:
    assert record.value is not None
    number: int = JsonSerializer().decode(record.value).data["n"]
    return number


def ends(records: Iterable[Record]) -> dict[int, int]:
    """Return the offset after the last record of each partition."""
    return {record.partition: record.offset + 1 for record in records}
