"""What stands in the way of transactions: another process that has the partition, answers that are lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.transaction import EndTxnRequest

from eventy.consumer.engine import EngineConsumer
from eventy.handler.attempt import Deliver
from eventy.testing.conformance.scene import Scene, port_of, until
from eventy.testing.conformance.serializer import JsonSerializer, encoded
from eventy.testing.kafka.reading import reader


class Rival:
    """A process that consumes partition 0 of a topic, by the client alone; the group is called like the topic."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    @classmethod
    @asynccontextmanager
    async def of(cls, bootstrap: str, topic: str) -> AsyncIterator[Self]:
        """Be the owner of the partition: whoever was it before is fenced."""
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}:{topic}:0")
        await producer.start()
        try:
            yield cls(producer, topic)
        finally:
            await producer.stop()

    async def begin(self, out: str, offset: int, *numbers: int) -> None:
        """Have a transaction pending that sends events and commits an offset."""
        await self._producer.begin_transaction()
        for number in numbers:
            await self._producer.send_and_wait(out, encoded(number), partition=0)
        await self._producer.send_offsets_to_transaction({TopicPartition(self._topic, 0): offset}, self._topic)

    async def commit(self) -> None:
        await self._producer.commit_transaction()


class Silence:
    """Keeps a consumer from speaking to its group: it is expelled, and doesn't hear of it."""

    def __init__(self, consumer: EngineConsumer[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        port: Any = port_of(consumer)
        coordinator = port._client._coordinator
        beat = coordinator._do_heartbeat
        self._ends = asyncio.Event()

        async def silent() -> Any:
            await self._ends.wait()
            return await beat()

        monkeypatch.setattr(coordinator, "_do_heartbeat", silent)

    def end(self) -> None:
        self._ends.set()


class Ends:
    """The requests to end a transaction, by whichever client: answered, unless they are to be lost.

    Parameters
        arrive: whether the broker gets those that are lost: then it is the answers that are.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, arrive: bool) -> None:
        self.are_lost = False
        self.lost = 0
        send = AIOKafkaClient.send

        async def sent(client: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
            if not self.are_lost or not isinstance(request, EndTxnRequest):
                return await send(client, node, request, **more)
            if arrive:
                await send(client, node, request, **more)
            self.lost += 1
            raise KafkaConnectionError("the connection was reset")

        monkeypatch.setattr(AIOKafkaClient, "send", sent)


async def owner(
    scene: Scene, deliver: Deliver, topic: str, *, partitions: int = 1, **options: Any
) -> EngineConsumer[Any]:
    """Return a consumer that has the partitions of a topic, new ones, and has committed where it begins."""
    consumer = await scene.consume(deliver, topic, group=topic, **options)
    await scene.until_committed(topic, topic, dict.fromkeys(range(partitions), 0))
    return consumer


async def numbers_in(scene: Scene, topic: str) -> list[int]:
    """Return the numbers of the events that the readers of a topic see, those of each partition in order."""
    values = [record.value or b"" for record in await scene.backend.records(topic)]
    return [JsonSerializer().decode(value).data["n"] for value in values]


async def until_ends_at(bootstrap: str, topic: str, offset: int) -> None:
    """Return when readers of partition 0 get as far as an offset: no transaction before it is pending any more."""
    client = reader(bootstrap)
    await client.start()
    try:
        partition, end = TopicPartition(topic, 0), -1
        async with asyncio.timeout(20):
            while end < offset:
                end = (await client.end_offsets([partition]))[partition]
                await asyncio.sleep(0.02)
    finally:
        await client.stop()


async def until_discarded(consumer: EngineConsumer[Any], count: int = 1) -> None:
    counts = consumer.counts
    await until(lambda: counts.transactions_discarded >= count, lambda: f"{count} discarded, found {counts}")
