"""What a conformance test plays on: a backend, its consumers and emitters, and handlers that take notes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.delivery import Delivery
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import Port
from eventy.consumer.run import Run
from eventy.consumer.subscription import Topic
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ShutdownTimeoutError
from eventy.event.base import BaseEvent
from eventy.handler.attempt import Deliver
from eventy.message.context import Context
from eventy.message.record import Record, TopicPartition
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.conformance.backend import Backend
from eventy.testing.conformance.serializer import JsonSerializer, encoded
from eventy.testing.kafka.topics import unique

# Seconds after which a condition won't come true any more. Waiting ends with the condition, so it costs nothing.
DEADLINE = 20.0


class HastyClock(Clock):
    """Waits for nothing, and notes how long it should have waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.waits.append(round(seconds, 6))
        await super().sleep(0)


class TurnedClock(Clock):
    """The real time, but long waits end when they are turned to."""

    def __init__(self) -> None:
        self._turned = 0.0
        self._waits = 0
        self._changed = asyncio.Event()

    def monotonic(self) -> float:
        return super().monotonic() + self._turned

    async def sleep(self, seconds: float) -> None:
        if seconds < 10:
            await super().sleep(seconds)
            return
        due = self.monotonic() + seconds
        self._waits += 1
        try:
            while self.monotonic() < due:
                await self._changed.wait()
        finally:
            self._waits -= 1

    async def turn(self, seconds: float) -> None:
        """Have so much time pass at once, as soon as somebody waits for it: a wait begins anew what comes after."""
        await until(lambda: self._waits > 0, lambda: "somebody who waits for long")
        self._turned += seconds
        self._changed.set()
        self._changed = asyncio.Event()


class Notes:
    """A handler that notes what it is called with, then does what it is told to."""

    def __init__(self, then: Callable[[BaseEvent, Context], Awaitable[None]] | None = None) -> None:
        self.contexts: list[Context] = []
        self.numbers: list[int] = []
        self._then = then

    async def __call__(self, event: BaseEvent, context: Context) -> None:
        self.contexts.append(context)
        self.numbers.append(event.data["n"])
        if self._then is not None:
            await self._then(event, context)

    async def until(self, count: int) -> None:
        """Return when the handler has been called so many times."""
        await until(lambda: len(self.numbers) >= count, lambda: f"{count} calls, found {self.numbers}")


def failing(*numbers: int, times: int = 1_000_000, error: type[Exception] = OSError) -> Notes:
    """Return a handler that fails the first attempts at some events."""

    async def fail(event: BaseEvent, context: Context) -> None:
        if event.data["n"] in numbers and context.attempt <= times:
            raise error(f"attempt {context.attempt}")

    return Notes(fail)


def run_of(consumer: EngineConsumer[Any]) -> Run:
    """Return what a started consumer does."""
    assert consumer.run is not None  # it is started
    return consumer.run


def port_of(consumer: EngineConsumer[Any]) -> Port:
    """Return a running consumer's end of the broker, to have it misbehave."""
    return run_of(consumer)._port


def deliveries_of(consumer: EngineConsumer[Any]) -> list[Delivery]:
    """Return how the partitions of a running consumer write what their messages come to, to have that misbehave."""
    return [worker._delivery for worker in run_of(consumer)._assignment._workers.values()]


def revoke_of(consumer: EngineConsumer[Any], monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return an event that is set when a rebalance takes a running consumer's partitions, before it lets them go."""
    begun, assignment = asyncio.Event(), run_of(consumer)._assignment
    on_revoked = assignment.on_revoked

    async def noted(partitions: Collection[TopicPartition]) -> None:
        begun.set()
        await on_revoked(partitions)

    monkeypatch.setattr(assignment, "on_revoked", noted)
    return begun


async def ended(consumer: EngineConsumer[Any]) -> None:
    """Return when a consumer has ended, or raise what it ended by."""
    async with Clock().timeout(DEADLINE):
        await consumer.wait()


class Scene:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.serializer: BaseEventSerializer = JsonSerializer()
        self.clock = Clock()
        self._consumers: list[EngineConsumer[Any]] = []
        self._emitters: list[BaseEventEmitter] = []

    async def topic(self, name: str = "topic", partitions: int = 1, configs: Mapping[str, str] | None = None) -> str:
        """Return the name of a new topic; `configs` are Kafka's."""
        topic = unique(name)
        await self.backend.create_topic(topic, partitions, configs)
        return topic

    async def put(self, topic: str, *numbers: int, partition: int = 0, key: bytes | None = None) -> None:
        """Append events, known by their numbers, as any other client would."""
        for number in numbers:
            await self.backend.put(topic, encoded(number), partition=partition, key=key)

    async def emitter(self) -> BaseEventEmitter:
        """Return an emitter that is started."""
        emitter = self.backend.emitter(serializer=self.serializer, clock=self.clock)
        self._emitters.append(emitter)
        await emitter.start()
        return emitter

    async def consume(
        self, deliver: Deliver, *topics: Topic, group: str | None = None, position: str | None = None, **more: Any
    ) -> EngineConsumer[Any]:
        """Return a consumer that is ready. By default it reads from the beginning, or from what is committed."""
        consumer = await self.begin(deliver, *topics, group=group, position=position, **more)
        await until(lambda: consumer.readiness() is None, lambda: str(consumer.readiness()))
        return consumer

    async def begin(
        self,
        deliver: Deliver,
        *topics: Topic,
        group: str | None = None,
        position: str | None = None,
        clock: Clock | None = None,
        **more: Any,
    ) -> EngineConsumer[Any]:
        """Return a consumer that is started."""
        consumer = self.consumer(*topics, group=group, position=position, clock=clock, **more)
        await consumer.start(deliver)
        return consumer

    def consumer(
        self,
        *topics: Topic,
        group: str | None = None,
        position: str | None = None,
        clock: Clock | None = None,
        **more: Any,
    ) -> EngineConsumer[Any]:
        """Return a consumer that isn't started yet."""
        consumer = self.backend.consumer(
            serializer=self.serializer,
            clock=clock or self.clock,
            event_topics=topics,
            event_group=group,
            position=position or ("earliest" if group is None else "committed"),
            **more,
        )
        self._consumers.append(consumer)
        return consumer

    async def give_up(self, consumer: EngineConsumer[Any]) -> None:
        """End a consumer as the shutdown deadline does."""
        stopping = asyncio.ensure_future(consumer.stop())
        await Clock().sleep(0)
        stopping.cancel()
        await asyncio.wait({stopping})
        if not stopping.cancelled() and (error := stopping.exception()) is not None:
            assert isinstance(error, ShutdownTimeoutError)

    async def records(self, topic: str, count: int) -> list[Record]:
        """Return the records of a topic when there are so many."""
        async with Clock().timeout(DEADLINE):
            while len(found := list(await self.backend.records(topic))) < count:
                await Clock().sleep(0.01)
        assert len(found) == count
        return found

    async def until_committed(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        """Return when a group has committed these offsets."""
        found = None
        try:
            async with Clock().timeout(DEADLINE):
                while (found := await self.backend.committed(group, topic)) != offsets:
                    await Clock().sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"committed {found}, expected {offsets}") from None

    async def end(self) -> None:
        await asyncio.gather(*map(self.give_up, self._consumers))
        await asyncio.gather(*(emitter.stop() for emitter in self._emitters))
        await self.backend.close()


async def until(condition: Callable[[], bool], expected: Callable[[], str] = lambda: "the condition") -> None:
    """Return when a condition is true."""
    try:
        async with Clock().timeout(DEADLINE):
            while not condition():
                await Clock().sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"not within {DEADLINE:g} s: {expected()}") from None


def headers(record: Record) -> dict[str, bytes]:
    """Return a record's headers by name, without those that are null."""
    return {name: value for name, value in record.headers if value is not None}
