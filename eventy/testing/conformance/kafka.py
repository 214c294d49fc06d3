"""A real Kafka broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.kafka import KafkaConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.kafka import KafkaProducer
from eventy.message.record import Header, Record
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.conformance.backend import Backend
from eventy.testing.kafka.reading import reader, records_of
from eventy.testing.kafka.topics import make_topics

_CLIENTS: Mapping[type, Callable[[str], Any]] = {
    AIOKafkaAdminClient: lambda bootstrap: AIOKafkaAdminClient(bootstrap_servers=bootstrap),
    AIOKafkaProducer: lambda bootstrap: AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=17_825_792),
    AIOKafkaConsumer: reader,
}


class KafkaBackend(Backend):
    def __init__(self, bootstrap: str, options: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._bootstrap = bootstrap
        self._options = options
        # A third of the session is a heartbeat: how soon a member hears that the group rebalances.
        self.connection = KafkaConnection(
            bootstrap_server=bootstrap, session_timeout=3_000, rebalance_timeout=10_000, start_timeout=20_000
        )
        self._open = AsyncExitStack()
        self._opened: dict[type, Any] = {}
        self._reading = asyncio.Lock()

    def emitter(self, *, serializer: BaseEventSerializer, clock: Clock) -> BaseEventEmitter:
        return KafkaProducer(broker=self.connection, serializer=serializer, clock=clock)

    def consumer(self, *, serializer: BaseEventSerializer, clock: Clock, **arguments: Any) -> EngineConsumer[Any]:
        return KafkaConsumer(broker=self.connection, serializer=serializer, clock=clock, **self._options, **arguments)

    async def create_topic(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        for error in (await make_topics(await self._admin(), {topic: partitions}, configs)).values():
            raise error

    async def partitions(self, topic: str) -> int:
        topics = await (await self._admin()).describe_topics()
        return sum(len(found["partitions"]) for found in topics if found["topic"] == topic)

    async def add_partitions(self, topic: str, partitions: int) -> None:
        await (await self._admin()).create_partitions({topic: NewPartitions(partitions)})
        producer = await self._client(AIOKafkaProducer)
        while len(await producer.partitions_for(topic)) < partitions:
            await producer.client.force_metadata_update()

    async def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int = 0,
        key: bytes | None = None,
        headers: Sequence[Header] = (),
    ) -> None:
        producer = await self._client(AIOKafkaProducer)
        # The client refuses a record without key and value, the broker doesn't.
        batch = producer.create_batch()
        batch.append(key=key, value=value, timestamp=None, headers=list(headers))
        await (await producer.send_batch(batch, topic, partition=partition))

    async def records(self, topic: str) -> Sequence[Record]:
        async with self._reading:
            return (await records_of(await self._client(AIOKafkaConsumer), [topic]))[topic]

    async def committed(self, group: str, topic: str) -> Mapping[int, int]:
        while (offsets := await self._offsets(group)) is None:  # noqa: ASYNC110 - there is no event on the broker's side
            await asyncio.sleep(0.1)
        return {at.partition: found.offset for at, found in offsets.items() if at.topic == topic}

    async def _offsets(self, group: str) -> Any:
        """Return the offsets of a group; None while nobody coordinates it, just after the broker was away."""
        try:
            return await (await self._admin()).list_consumer_group_offsets(group)
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            return None

    async def close(self) -> None:
        await self._open.aclose()

    async def producer(self) -> Any:
        """Return a producer of the client's."""
        return await self._client(AIOKafkaProducer)

    async def _admin(self) -> Any:
        admin = await self._client(AIOKafkaAdminClient)
        # Just after the broker was away its metadata names no controller, and the client doesn't expect that.
        while admin._client.cluster.controller is None:
            await admin._client.force_metadata_update()
            await asyncio.sleep(0.05)
        return admin

    async def _client(self, kind: type[Any]) -> Any:
        if kind not in self._opened:
            self._opened[kind] = client = _CLIENTS[kind](self._bootstrap)
            await client.start()
            self._open.push_async_callback(client.close if kind is AIOKafkaAdminClient else client.stop)
        return self._opened[kind]
