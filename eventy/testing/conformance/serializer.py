"""The simplest serializer that keeps the contract."""

from __future__ import annotations

import json

from eventy.errors import DecodeError, EncodeError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.serializer.base import BaseEventSerializer

NAME = "test.Happened"


class JsonSerializer(BaseEventSerializer):
    content_type = "application/json"

    def register_event_class(self, event_class: type[BaseEvent], event_name: str) -> None:
        raise NotImplementedError("every message is a GenericEvent here")

    def name_of(self, event: BaseEvent) -> str:
        return event.name()

    def encode(self, event: BaseEvent, *, corr_id: str | None = None, timestamp: int | None = None) -> bytes:
        try:
            return json.dumps([event.name(), event.data]).encode()
        except TypeError as error:
            raise EncodeError(str(error)) from error

    def decode(self, value: bytes) -> BaseEvent:
        try:
            name, data = json.loads(value)
        except ValueError as error:
            raise DecodeError(f"{value[:20]!r} is no message: {error}") from error
        return GenericEvent(name, data)


def event(number: int = 0, **data: object) -> GenericEvent:
    """Return an event that is known by its number."""
    return GenericEvent(NAME, {"n": number, **data})


def encoded(number: int = 0, **data: object) -> bytes:
    """Return the value of a record that becomes `event(number, …)`."""
    return JsonSerializer().encode(event(number, **data))
