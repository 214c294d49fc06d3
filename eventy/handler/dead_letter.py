"""What becomes of a message that is given up: its bytes as they came, and headers that say where from and why.

The headers are those of Spring for Apache Kafka (`KafkaHeaders.DLT_…`, written by `DeadLetterPublishingRecoverer`), so
that tools made for its dead letters read ours: numbers binary, most significant byte first, the rest UTF-8.
"""

from __future__ import annotations

import struct
import traceback
from collections.abc import Callable, Iterator

from eventy.message.record import DeadLetter, Header, ProducerRecord, Record, TopicPartition

_PREFIX = "kafka_dlt-"
# What the Kafka client's records have as `timestamp_type`, by Kafka's own names.
_TIMESTAMP_TYPES: dict[object, str] = {0: "CreateTime", 1: "LogAppendTime"}
# Bytes of the message of an error: enough to recognize it by, though it may quote a whole document.
_LONGEST_MESSAGE = 1_024
# Bytes of the stack trace, of which the end is kept: there is the place that raised. A letter shouldn't be much larger
# than its message, whose topic may take just so much.
_LONGEST_STACKTRACE = 8_192
_CUT = "…"


def dead_letter(record: Record, error: BaseException, *, group: str | None, suffix: str) -> DeadLetter:
    """Return the letter for a message that is given up. Nothing that an error says of itself makes this fail.

    Parameters
        record: whose key, value and headers are kept; what an earlier death has left in the headers is replaced.
        error: that its handler raised.
        group: that gave it up, if it is one.
        suffix: what the name of the dead-letter topic has more than the record's.
    """
    kept = [header for header in record.headers if not header[0].startswith(_PREFIX)]
    added = [(_PREFIX + name, value) for name, value in (*_origin(record, group), *_reason(error))]
    letter = ProducerRecord(record.topic + suffix, record.key, record.value, (*kept, *added))
    return DeadLetter(TopicPartition(record.topic, record.partition), letter)


def _origin(record: Record, group: str | None) -> Iterator[Header]:
    yield "original-topic", record.topic.encode()
    yield "original-partition", struct.pack(">i", record.partition)
    yield "original-offset", struct.pack(">q", record.offset)
    yield "original-timestamp", struct.pack(">q", record.timestamp)
    if kind := _TIMESTAMP_TYPES.get(getattr(record, "timestamp_type", None)):
        yield "original-timestamp-type", kind.encode()
    if group is not None:
        yield "original-consumer-group", group.encode()


def _reason(error: BaseException) -> Iterator[Header]:
    yield "exception-fqcn", _bytes(_class_of(error))
    if error.__cause__ is not None:
        yield "exception-cause-fqcn", _bytes(_class_of(error.__cause__))
    yield "exception-message", _beginning(_told(lambda: str(error)), _LONGEST_MESSAGE)
    stacktrace = _told(lambda: "".join(traceback.format_exception(error)))
    yield "exception-stacktrace", _end(stacktrace, _LONGEST_STACKTRACE)


def _class_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _told(tell: Callable[[], str]) -> str:
    """Return what an error says of itself, or that it fails even at that: the message is given up all the same."""
    try:
        return tell()
    except Exception as error:  # noqa: BLE001 - a user's `__str__` may raise whatever it likes
        return f"<not to be had: {_class_of(error)}>"


def _beginning(text: str, limit: int) -> bytes:
    encoded = _bytes(text[: limit + 1])
    if len(encoded) <= limit:
        return encoded
    mark = _CUT.encode()
    return _whole(encoded[: limit - len(mark)]) + mark


def _end(text: str, limit: int) -> bytes:
    encoded = _bytes(text[-limit - 1 :])
    if len(encoded) <= limit:
        return encoded
    mark = _CUT.encode()
    return mark + _whole(encoded[len(encoded) - limit + len(mark) :])


def _bytes(text: str) -> bytes:
    """Return text as UTF-8; half characters, as undecodable file names have them, are spelled out."""
    return text.encode("utf-8", "backslashreplace")


def _whole(encoded: bytes) -> bytes:
    """Return UTF-8 without the half characters that a cut has left at its ends."""
    return encoded.decode("utf-8", "ignore").encode()
