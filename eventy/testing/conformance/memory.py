"""The in-process broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.memory import MemoryEmitter
from eventy.message.record import Header, ProducerRecord, Record
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.conformance.backend import Backend


class MemoryBackend(Backend):
    def __init__(self, options: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._options = options
        self.broker = MemoryBroker(clock=Clock())

    def emitter(self, *, serializer: BaseEventSerializer, clock: Clock) -> BaseEventEmitter:
        return MemoryEmitter(broker=self.broker, serializer=serializer, clock=clock)

    def consumer(self, *, serializer: BaseEventSerializer, clock: Clock, **arguments: Any) -> EngineConsumer[Any]:
        return MemoryConsumer(broker=self.broker, serializer=serializer, clock=clock, **self._options, **arguments)

    async def create_topic(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        self.broker.create_topic(topic, partitions)

    async def partitions(self, topic: str) -> int:
        return len(self.broker.partitions(topic)) if self.broker.has_topic(topic) else 0

    async def add_partitions(self, topic: str, partitions: int) -> None:
        self.broker.create_topic(topic, partitions)

    async def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int = 0,
        key: bytes | None = None,
        headers: Sequence[Header] = (),
    ) -> None:
        record = ProducerRecord(topic, key, value, tuple(headers))
        self.broker.append(record, partition=partition)

    async def records(self, topic: str) -> Sequence[Record]:
        return self.broker.records(topic)

    async def committed(self, group: str, topic: str) -> Mapping[int, int]:
        offsets = {at.partition: self.broker.committed(group, at) for at in self.broker.partitions(topic)}
        return {partition: offset for partition, offset in offsets.items() if offset is not None}
