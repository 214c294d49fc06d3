"""The Kafka client under a consumer: watched, and held back where chance would decide."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3
from aiokafka.protocol.fetch import FetchRequest

from eventy.testing.conformance.scene import until

# Bytes of a record batch before its length ends: the base offset and the length of what follows (KIP-98).
_HEAD = 12


class Cuts:
    """Resets the client's connections when requests of a kind have left, before they can be answered.

    Parameters
        times: how many of them.
        once: false as long as nothing is to be cut.
    """

    def __init__(
        self, kind: type[Any], times: int, monkeypatch: pytest.MonkeyPatch, *, once: Callable[[], bool]
    ) -> None:
        self.made = 0
        send = AIOKafkaClient.send

        async def cut(client: AIOKafkaClient, node: int, request: object, **more: object) -> object:
            sending = asyncio.ensure_future(send(client, node, request, **more))
            if isinstance(request, kind) and once() and self.made < times:
                self.made += 1
                await asyncio.sleep(0)  # it is on its way to the broker now
                for connection in list(client._conns.values()):
                    connection.close()
            return await sending

        monkeypatch.setattr(AIOKafkaClient, "send", cut)


class Loading:
    """Answers the first questions for committed offsets as a broker does that isn't ready to say.

    Parameters
        code: of the error, Kafka's.
        times: how many questions.
    """

    def __init__(self, code: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answered = 0
        send = AIOKafkaClient.send

        async def load(client: AIOKafkaClient, node: int, request: object, **more: object) -> object:
            if isinstance(request, OffsetFetchRequest) and self.answered < times:
                self.answered += 1
                return OffsetFetchResponse_v3(0, [], code)
            return await send(client, node, request, **more)

        monkeypatch.setattr(AIOKafkaClient, "send", load)


class Traffic:
    """What the broker sends of one topic, whoever fetches it.

    `received` counts the bytes of its batches, those that come again included; `size` counts each batch once. What a
    response has cut off at its end belongs to neither. `longest` is how many ms a fetch has waited for records at most.
    """

    def __init__(self, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.received = 0
        self.fetches = 0
        self.longest = 0
        self._topic = topic
        self._sizes: dict[tuple[int, int], int] = {}
        send = AIOKafkaClient.send

        async def watched(client: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
            if isinstance(request, FetchRequest):
                self.longest = max(self.longest, request._max_wait_ms)
            response = await send(client, node, request, **more)
            if isinstance(request, FetchRequest):
                self._note(response)
            return response

        monkeypatch.setattr(AIOKafkaClient, "send", watched)

    @property
    def size(self) -> int:
        return sum(self._sizes.values())

    def _note(self, response: Any) -> None:
        for topic, partitions in response.topics:
            if topic == self._topic:
                self.fetches += 1
                for number, *_, batches in partitions:
                    self._note_batches(number, batches or b"")

    def _note_batches(self, partition: int, batches: bytes) -> None:
        while len(batches) >= _HEAD:
            offset, size = int.from_bytes(batches[:8], "big"), _HEAD + int.from_bytes(batches[8:_HEAD], "big")
            if size > len(batches):
                return
            self.received += size
            self._sizes[partition, offset] = size
            batches = batches[size:]


class Pauses:
    """How often partitions are paused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        pause = AIOKafkaConsumer.pause

        def counted(client: AIOKafkaConsumer, *partitions: Any) -> None:
            self.count += 1
            pause(client, *partitions)

        monkeypatch.setattr(AIOKafkaConsumer, "pause", counted)


class Held:
    """A request of the client's that waits inside the client, before it is made up for the broker.

    So it does while the coordinator is looked up, and between two tries.
    """

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.has_ended = False
        self._going_on = asyncio.Event()

    def release(self) -> None:
        """Let the client go on with it."""
        self._going_on.set()

    async def run(self, request: Callable[[], Awaitable[Any]]) -> Any:
        try:
            await self._going_on.wait()
            return await request()
        finally:
            self.has_ended = True


class Holding:
    """Holds back what is asked of clients: what is begun while it is set to.

    Parameters
        name: of a method of the client, such as `commit`.
        kind: of clients.
    """

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any] = AIOKafkaConsumer) -> None:
        self.held: list[Held] = []
        self.calls: list[tuple[Any, ...]] = []
        self.is_on = False
        self._name = name
        method = getattr(kind, name)

        async def held_back(client: Any, *arguments: Any, **more: Any) -> Any:
            self.calls.append(arguments)
            if not self.is_on:
                return await method(client, *arguments, **more)
            held = Held(arguments)
            self.held.append(held)
            return await held.run(lambda: method(client, *arguments, **more))

        monkeypatch.setattr(kind, name, held_back)

    async def until(self, count: int) -> None:
        """Return when so many are held back, or have been."""
        await until(lambda: len(self.held) >= count, lambda: f"{count} calls of {self._name}(), found {self.held}")

    def release(self) -> None:
        """Hold nothing back any more."""
        self.is_on = False
        for held in self.held:
            held.release()


def offsets_of(arguments: tuple[Any, ...]) -> Mapping[int, int]:
    """Return what a call of `commit` commits, by partition."""
    return {partition.partition: offset for partition, offset in arguments[0].items()}
