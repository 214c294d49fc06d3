"""Has the client's fetcher make `FetchedRecord`s, for consumers that ask for it.

The client's own way reads every header of every record as soon as it is fetched, and keeps all of that until the record
is handled: it is a good part of what receiving a message costs. And a header whose name is no UTF-8 makes it raise
UnicodeDecodeError out of `getmany`, which loses what it had taken from other partitions. It does so again after every
seek to that batch, one past the record included: the partition would never get past it.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.memory_records import MemoryRecords

from eventy.broker.kafka.records import FetchedRecord, read_records
from eventy.message.record import TopicPartition

# Where a batch has its length, and what precedes the bytes that it counts (Kafka's record format, version 2).
_LENGTH_AT = 8
_OVERHEAD = 12
# Where a batch, or a single message of an older format, says which version it has.
_VERSION_AT, _VERSION = 16, 2


def as_fetched(value: bytes) -> bytes:
    """Mark a consumer, as its `value_deserializer`: it gets `FetchedRecord`s. Other consumers get what they got."""
    return value


def fetch_lazily() -> None:
    """Put our readers where the client looks for its own. Calling it again changes nothing."""
    fetcher.MemoryRecords = _Records
    fetcher.PartitionRecords = _records_of


def _records_of(partition: Any, records: Any, *others: Any) -> PartitionRecords:
    if as_fetched in others:
        records.partition = TopicPartition(*partition)
        return _PartitionRecords(partition, records, *others)
    return PartitionRecords(partition, records, *others)


class _PartitionRecords(PartitionRecords):  # type: ignore[misc]  # the client isn't typed
    """What has been fetched of a partition: records, without those of transactions that came to nothing."""

    def __iter__(self) -> Any:
        return self._records_iterator  # a call less for each record

    def _consumer_record(self, partition: Any, record: Any) -> Any:
        return record if type(record) is FetchedRecord else super()._consumer_record(partition, record)


class _Records(MemoryRecords):  # type: ignore[misc]
    """What has been fetched of a partition: batches.

    Parameters
        partition: whose; None: the batches are the client's own.
    """

    partition: TopicPartition | None = None

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data = memoryview(data)
        self._at = 0

    def next_batch(self) -> Any:
        batch = super().next_batch()
        if batch is None or self.partition is None:
            return batch
        start = self._at
        (length,) = unpack_from(">i", self._data, start + _LENGTH_AT)
        self._at += _OVERHEAD + length
        if self._data[start + _VERSION_AT] < _VERSION:
            return batch
        return _Batch(batch, self._data[start : self._at], self.partition)


class _Batch:
    """The client's own batch, but for the records."""

    def __init__(self, batch: Any, data: memoryview, partition: TopicPartition) -> None:
        self._batch = batch
        self._data = data
        self._partition = partition

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # of a control batch
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        return read_records(self._batch, self._data, self._partition)
