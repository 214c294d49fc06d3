"""What a handler is told about the message at hand, and what every send in reach of it inherits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from eventy.message.headers import header_text
from eventy.message.record import Header, Record, identity_of

# The correlation id of the work at hand outside any message: an HTTP request's.
request_corr_id: ContextVar[str | None] = ContextVar("eventy_request_corr_id", default=None)


class Ids(NamedTuple):
    """What a message is called, what it belongs to and what has led to it; a trace is kept as it came."""

    message_id: str
    corr_id: str
    causation_id: str | None
    traceparent: bytes | None


class Context:
    """The message at hand, beside its data.

    Parameters
        record: as it came off the broker.
        attempt: 1 on the first try, 2 on the first retry, and so on.
        is_replaying: whether the group has already been past this message.
        data: of the event; its `correlation_id` counts where no header has one, and else the message's own id.
    """

    _ids: Ids | None = None

    def __init__(
        self, record: Record, attempt: int = 1, *, is_replaying: bool = False, data: Mapping[str, object] | None = None
    ) -> None:
        self.record = record
        self.attempt = attempt
        self.is_replaying = is_replaying
        # Now: a handler may change its data.
        self._told: object = corr_id_of(data)

    @property
    def ids(self) -> Ids:
        """What the headers say; they are read when a handler first asks, for many never do."""
        if self._ids is None:
            self._ids = _ids(self.record, self._told)
        return self._ids

    @property
    def message_id(self) -> str:
        return self.ids.message_id

    @property
    def corr_id(self) -> str:
        return self.ids.corr_id

    @property
    def causation_id(self) -> str | None:
        return self.ids.causation_id

    @property
    def topic(self) -> str:
        return self.record.topic

    @property
    def partition(self) -> int:
        return self.record.partition

    @property
    def offset(self) -> int:
        return self.record.offset

    @property
    def key(self) -> bytes | None:
        return self.record.key

    @property
    def timestamp(self) -> int:
        """When the record was made, in ms since 1970-01-01T00:00Z."""
        return self.record.timestamp

    @property
    def headers(self) -> Sequence[Header]:
        return self.record.headers

    def __repr__(self) -> str:
        where = f"{self.topic}[{self.partition}]@{self.offset}"
        return f"Context({where}, message_id={self.message_id!r}, corr_id={self.corr_id!r}, attempt={self.attempt})"


def corr_id_of(data: object) -> str | None:
    """Return the correlation id that the data of an event has, if any."""
    found = data.get("correlation_id") if isinstance(data, (dict, Mapping)) else None  # most are a dict, told at once
    return found if isinstance(found, str) else None


def _ids(record: Record, told: object) -> Ids:
    found = identity_of(record)
    message_id = header_text(found.message_id) or f"{record.topic}-{record.partition}-{record.offset}"
    corr_id = header_text(found.corr_id) or (isinstance(told, str) and told) or message_id
    return Ids(message_id, corr_id, header_text(found.causation_id), found.traceparent)
