"""The contract of a serializer."""

from __future__ import annotations

from abc import ABC, abstractmethod

from eventy.event.base import BaseEvent


class BaseEventSerializer(ABC):
    """Turns events into bytes and back, by schemas."""

    #: The media type of the bytes, for the `content-type` header.
    content_type: str

    @abstractmethod
    def register_event_class(self, event_class: type[BaseEvent], event_name: str) -> None:
        """Have messages become objects of a class.

        Parameters
            event_name: the full name of a schema, which then is meant alone; else a regex for `re.match`.

        Raises RegistryError when no schema matches, naming the closest.
        """

    @abstractmethod
    def name_of(self, event: BaseEvent) -> str:
        """Return the full name of the schema that the event is written with. Raises EncodeError."""

    @abstractmethod
    def encode(self, event: BaseEvent, *, corr_id: str | None = None, timestamp: int | None = None) -> bytes:
        """Return the event's bytes; the event is left as it is.

        Parameters
            corr_id: for the schema's `correlation_id`, when the data has none.
            timestamp: for the schema's `event_timestamp`, when the data has none; ms since 1970-01-01T00:00Z.

        Raises EncodeError.
        """

    @abstractmethod
    def decode(self, value: bytes) -> BaseEvent:
        """Return the event. Never does I/O.

        Raises DecodeError for bytes that are no message, and SchemaNotLoaded when `load` must be awaited first.
        """

    async def load(self, reference: object) -> None:
        """Fetch the schema that a `SchemaNotLoaded` named. A serializer that has all its schemas has no use for it."""
        raise NotImplementedError(f"{type(self).__qualname__} loads no schemas, yet {reference!r} was asked of it")
