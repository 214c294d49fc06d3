"""Records: bytes with a key and headers, on their way to and from a partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from eventy.message.headers import CE_CAUSATION_ID, CE_CORRELATION_ID, CE_ID, TRACEPARENT

# A value may be null (Kafka's record format, version 2); eventy writes none such.
Header = tuple[str, bytes | None]


class TopicPartition(NamedTuple):
    """One partition of a topic; equal to the Kafka client's own."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class Identity(NamedTuple):
    """What a record's headers say of what it is called, what it belongs to and what has led to it; None: nothing."""

    message_id: bytes | None
    corr_id: bytes | None
    causation_id: bytes | None
    traceparent: bytes | None


class Record(Protocol):
    """A record off the broker. A protocol: each broker has records of its own, and nothing is copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """In ms since 1970-01-01T00:00Z."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None:
        """None is a tombstone."""
        ...

    @property
    def headers(self) -> Sequence[Header]: ...


def identity_of(record: Record) -> Identity:
    """Return what a record's headers say; the last one of a name counts.

    A record may have an `identity()` of its own, which knows it by a quicker way than through all its headers.
    """
    quick: Callable[[], Identity] | None = getattr(record, "identity", None)
    if quick is not None:
        return quick()
    get = dict(record.headers).get
    return Identity(get(CE_ID), get(CE_CORRELATION_ID), get(CE_CAUSATION_ID), get(TRACEPARENT))


def place_of(record: Record) -> str:
    """Return which record it is, for logs and errors."""
    return f"{record.topic}[{record.partition}] offset {record.offset}"


class ProducerRecord(NamedTuple):
    """A record on its way to the broker; its partition follows from the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]

    def size(self) -> int:
        """Return the bytes of key, value and headers, without the few that framing adds."""
        return len(self.key or b"") + len(self.value or b"") + size_of(self.headers)


class DeadLetter(NamedTuple):
    """A record for the dead-letter topic, and the partition whose message it was."""

    source: TopicPartition
    record: ProducerRecord


def size_of(headers: Iterable[Header]) -> int:
    """Return the bytes of names and values."""
    return sum([len(name.encode()) + len(value or b"") for name, value in headers])
