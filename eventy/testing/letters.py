"""A dead letter, as a test looks at it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from eventy.errors import DecodeError
from eventy.event.base import BaseEvent
from eventy.message.record import Record
from eventy.serializer.base import BaseEventSerializer

_PREFIX = "kafka_dlt-"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was put aside.

    Parameters
        event: None when it can't be decoded, which may be why it is here.
        key, value: its bytes.
        error: the class of the error, `module.QualName`; `message` is its text, `stacktrace` where it was raised.
        topic, partition, offset: where the message was.
        group: whose consumer has given it up.
    """

    event: BaseEvent | None
    key: bytes | None
    value: bytes | None
    error: str
    message: str
    stacktrace: str
    topic: str
    partition: int
    offset: int
    group: str | None

    @classmethod
    def of(cls, record: Record, serializer: BaseEventSerializer) -> Letter:
        """Return the letter that a record of a dead-letter topic is."""
        headers = {name.removeprefix(_PREFIX): value or b"" for name, value in record.headers if name[:10] == _PREFIX}
        return cls(
            _decoded(record, serializer),
            record.key,
            record.value,
            headers["exception-fqcn"].decode(),
            headers["exception-message"].decode(),
            headers["exception-stacktrace"].decode(),
            headers["original-topic"].decode(),
            struct.unpack(">i", headers["original-partition"])[0],
            struct.unpack(">q", headers["original-offset"])[0],
            headers["original-consumer-group"].decode() if "original-consumer-group" in headers else None,
        )


def _decoded(record: Record, serializer: BaseEventSerializer) -> BaseEvent | None:
    if record.value is None:
        return None
    try:
        return serializer.decode(record.value)
    except DecodeError:
        return None
