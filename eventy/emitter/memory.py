"""Sends to the in-process broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from eventy.broker.memory import DOWN, MemoryBroker
from eventy.clock import Clock
from eventy.emitter.base import MAX_REQUEST_SIZE, BaseEventEmitter
from eventy.message.record import ProducerRecord
from eventy.serializer.base import BaseEventSerializer


class MemoryEmitter(BaseEventEmitter):
    """The emitter of the embedded default; the parameters are those of `BaseEventEmitter`."""

    broker_kind: ClassVar[str] = "memory"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> MemoryBroker:
        return MemoryBroker.of(config, clock)

    def __init__(
        self,
        *,
        broker: MemoryBroker,
        serializer: BaseEventSerializer,
        clock: Clock,
        source: str = "eventy",
        max_request_size: int = MAX_REQUEST_SIZE,
    ) -> None:
        super().__init__(serializer=serializer, clock=clock, source=source, max_request_size=max_request_size)
        self._broker = broker

    def is_transactional_with(self, broker: object) -> bool:
        return broker is self._broker

    def readiness(self) -> str | None:
        return DOWN if self._broker.is_down else None

    async def write(self, records: list[ProducerRecord]) -> None:
        self._broker.check_reached()
        for record in records:
            self._broker.append(record)
