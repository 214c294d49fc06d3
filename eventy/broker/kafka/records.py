"""Reads records whose header names are no UTF-8, as the Java client does: what can't be read is replaced.

The client itself raises UnicodeDecodeError out of `getmany`, which loses what it had taken from other partitions. It
does so again after every seek to that batch, one past the record included: the partition would never get past it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from struct import unpack_from
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

# Where a batch has its length, and what precedes the bytes that it counts (Kafka's record format, version 2).
_LENGTH_AT = 8
_OVERHEAD = 12


def accept_any_header_name() -> None:
    """Have all consumers of this process read such records. Calling it again changes nothing."""
    fetcher.MemoryRecords = _Records


class _Records(MemoryRecords):  # type: ignore[misc]  # the client isn't typed
    """What has been fetched of a partition: batches."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data = memoryview(data)
        self._at = 0

    def next_batch(self) -> _Batch | None:
        batch = super().next_batch()
        if batch is None:
            return None
        start = self._at
        (length,) = unpack_from(">i", self._data, start + _LENGTH_AT)
        self._at += _OVERHEAD + length
        return _Batch(batch, self._data[start : self._at])


class _Batch:
    """The client's own batch; from a record on that it can't read, its slower reader goes on, which can be told how."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # of a control batch, which has no headers
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from islice(self._slowly(), read, None)

    def _slowly(self) -> Any:
        batch = _DefaultRecordBatchPy(self._data)
        batch._maybe_uncompress()
        batch._buffer = _Buffer(batch._buffer)
        return batch


class _Buffer(bytearray):
    def __getitem__(self, at: Any) -> Any:
        found: Any = super().__getitem__(at)
        return _Text(found) if isinstance(at, slice) else found


class _Text(bytearray):
    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")
