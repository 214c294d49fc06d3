"""What the domain's tests use in place of the machinery around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.message.record import ProducerRecord


class Sent(NamedTuple):
    name: str
    data: dict[str, object]
    destination: str
    key: str | bytes | None


class RecordingEmitter(BaseEventEmitter):
    """Keeps what is sent, in order."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    async def send(
        self,
        event: BaseEvent,
        destination: str,
        key: str | bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> None:
        self.sent.append(Sent(event.name(), event.data, destination, key))

    async def write(self, records: list[ProducerRecord]) -> None:
        raise AssertionError("nothing gets this far: send() keeps it")
