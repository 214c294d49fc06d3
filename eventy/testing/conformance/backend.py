"""What the conformance suite asks of a backend. A third one is one new file, and one line in `conftest.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.message.record import Header, Record
from eventy.serializer.base import BaseEventSerializer


class Backend(ABC):
    """A broker, seen from outside: topics, records and committed offsets, without eventy's own consumers.

    A backend is made with the options that all of its consumers have.
    """

    @abstractmethod
    def emitter(self, *, serializer: BaseEventSerializer, clock: Clock) -> BaseEventEmitter:
        """Return an emitter that isn't started."""

    @abstractmethod
    def consumer(self, *, serializer: BaseEventSerializer, clock: Clock, **arguments: Any) -> EngineConsumer[Any]:
        """Return a consumer that isn't started."""

    @abstractmethod
    async def create_topic(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        """Make a topic; Kafka's `configs` are its own business."""

    @abstractmethod
    async def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has."""

    @abstractmethod
    async def add_partitions(self, topic: str, partitions: int) -> None:
        """Have a topic grow to so many partitions."""

    @abstractmethod
    async def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int = 0,
        key: bytes | None = None,
        headers: Sequence[Header] = (),
    ) -> None:
        """Append a record as any other client would: one of 16 MiB, if the topic takes it."""

    @abstractmethod
    async def records(self, topic: str) -> Sequence[Record]:
        """Return what a topic has, in order within a partition."""

    @abstractmethod
    async def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Return the committed offsets of a group by partition."""

    async def close(self) -> None:
        """Disconnect."""
        return
