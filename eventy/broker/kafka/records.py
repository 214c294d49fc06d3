"""Records as they lie in a batch (Kafka's record format, version 2): key and value at once, headers when asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.util import decode_varint

from eventy.broker.kafka.layouts import Layouts, Span
from eventy.message.record import Header, Identity, TopicPartition

logger = logging.getLogger(__name__)

_HEAD = DefaultRecordBase.HEADER_STRUCT
# A batch of one record that has neither key nor value, up to where its length and its headers belong.
_BATCH_OF_ONE = _HEAD.pack(0, 0, 0, 2, 0, 0, 0, 0, 0, -1, -1, -1, 1)
# Attributes, time, offset; no key, no value.
_NOTHING_BUT = b"\0\0\0\1\1"
# Bits in a byte of a number of variable length, and numbers that take two such bytes at most.
_BITS, _TWO_BYTES = 7, 1 << 14
# Follows what is read by compiled code, which looks for no end: more than a few damaged numbers in a row, of ten bytes
# at most, would take.
_MARGIN = bytes(64)

_new = tuple.__new__
_layouts = Layouts()


class FetchedRecord(NamedTuple):
    """A record off the broker; its headers are read each time that they are asked for, which most messages never are.

    Parameters
        timestamp: in ms since 1970-01-01T00:00Z.
        raw_headers: as they came.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    raw_headers: bytes

    @property
    def headers(self) -> tuple[Header, ...]:
        """Names and values. What is no UTF-8 in a name is replaced; what follows damage is left out, with a warning."""
        raw = self.raw_headers
        if raw == b"\0":
            return ()
        # Twice the length, which is how the format writes what isn't negative.
        size = (len(raw) + len(_NOTHING_BUT)) << 1
        if size < _TWO_BYTES:
            length = bytes((size & 0x7F | 0x80, size >> _BITS))
            try:
                record = next(iter(DefaultRecordBatch(_BATCH_OF_ONE + length + _NOTHING_BUT + raw + _MARGIN)))
                return tuple(record.headers)
            except (UnicodeDecodeError, CorruptRecordException, OverflowError, MemoryError):
                pass  # by the client's compiled reader, which does the same several times as fast
        return tuple((name, None if value is None else raw[value]) for name, value in self.spans())

    def identity(self) -> Identity:
        raw = self.raw_headers
        return _layouts.identity(raw) or _layouts.learn(raw, self.spans())

    def spans(self) -> Iterator[Span]:
        """Return where each header lies."""
        raw = self.raw_headers
        varints = bytearray(raw + _MARGIN)
        try:
            count, at = decode_varint(varints, 0)
            for _ in range(count):
                size, at = decode_varint(varints, at)
                name, at = _taken(raw, at, size).decode("utf-8", "replace"), at + size
                size, at = decode_varint(varints, at)
                if size == -1:
                    yield Span(name, None)
                else:
                    _taken(raw, at, size)
                    yield Span(name, slice(at, at + size))
                    at += size
        except (ValueError, IndexError) as error:
            where = f"{self.topic}[{self.partition}] offset {self.offset}"
            logger.warning("%s: not all of its headers can be read: %s", where, error)


def read_records(batch: DefaultRecordBatch, data: memoryview, partition: TopicPartition) -> Iterator[FetchedRecord]:
    """Read the records of a batch.

    Parameters
        batch: what the client has made of it.
        data: all of it, as it was fetched.

    Raises CorruptRecordException, as the client does.
    """
    topic, number = partition
    body = _body_of(batch, data)
    varints, length = bytearray(body + _MARGIN), len(body)
    base, first, last = batch.base_offset, batch.first_timestamp, batch.max_timestamp
    is_append_time = batch.timestamp_type == DefaultRecordBase.LOG_APPEND_TIME
    at = 0
    try:
        for _ in range(_count(data)):
            size, at = decode_varint(varints, at)
            if not at < (end := at + size) <= length:
                raise _crooked(partition, end)
            time, at = decode_varint(varints, at + 1)  # past the attributes, of which there are none yet
            delta, at = decode_varint(varints, at)
            size, at = decode_varint(varints, at)
            key, at = (None, at) if size < 0 else (body[at : at + size], at + size)
            if at > end:  # nothing is read from there
                raise _crooked(partition, end)
            size, at = decode_varint(varints, at)
            value, at = (None, at) if size < 0 else (body[at : at + size], at + size)
            if at >= end:
                raise _crooked(partition, end)
            moment = last if is_append_time else first + time
            # As `FetchedRecord(…)` does, which is a call of Python's.
            yield _new(FetchedRecord, (topic, number, base + delta, moment, key, value, body[at:end]))
            at = end
    except (ValueError, IndexError) as error:
        raise CorruptRecordException(f"a batch of {partition} is no batch: {error!r}") from error
    if at != length:
        raise CorruptRecordException(f"{length - at} bytes follow the records of a batch of {partition}")


def _crooked(partition: TopicPartition, end: int) -> CorruptRecordException:
    return CorruptRecordException(f"a record of {partition} doesn't end where it says, at byte {end}")


def _taken(raw: bytes, at: int, size: int) -> bytes:
    if not 0 <= size <= len(raw) - at:
        raise ValueError(f"{size} bytes at byte {at} of {len(raw)}")
    return raw[at : at + size]


def _count(data: memoryview) -> int:
    count: int = _HEAD.unpack_from(data)[-1]
    return count


def _body_of(batch: DefaultRecordBatch, data: memoryview) -> bytes:
    """Return the records, uncompressed."""
    if batch.compression_type == DefaultRecordBase.CODEC_NONE:
        return bytes(data[_HEAD.size :])
    unpacked = _DefaultRecordBatchPy(data)
    unpacked._maybe_uncompress()
    return bytes(unpacked._buffer)
