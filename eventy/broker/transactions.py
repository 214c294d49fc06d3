"""Transactions of the in-process broker, with the fencing that Kafka has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from eventy.errors import FencedError
from eventy.message.record import ProducerRecord, TopicPartition


class Coordinator(Protocol):
    """Keeps the transactions: the broker."""

    def append(
        self, record: ProducerRecord, *, partition: int | None = None, transactional_id: str | None = None
    ) -> object: ...

    def epoch(self, transactional_id: str) -> int: ...

    def end_transaction(
        self,
        transactional_id: str,
        *,
        is_committed: bool,
        group: str | None = None,
        offsets: Mapping[TopicPartition, int] | None = None,
    ) -> None: ...


class TransactionalProducer:
    """Writes under a transactional id; the newest producer of an id fences those before it.

    A transaction begins with the first record after the last one's end.
    """

    def __init__(self, broker: Coordinator, transactional_id: str, epoch: int) -> None:
        self._broker = broker
        self._id = transactional_id
        self._epoch = epoch

    def append(self, record: ProducerRecord, *, partition: int | None = None) -> None:
        """Write a record that nobody reads yet. Raises FencedError."""
        self._check()
        self._broker.append(record, partition=partition, transactional_id=self._id)

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Let readers have what was written, and commit a group's offsets with it. Raises FencedError."""
        self._check()
        self._broker.end_transaction(self._id, is_committed=True, group=group, offsets=offsets)

    def abort(self) -> None:
        """Let nobody have what was written. Raises FencedError."""
        self._check()
        self._broker.end_transaction(self._id, is_committed=False)

    def _check(self) -> None:
        if (newest := self._broker.epoch(self._id)) != self._epoch:
            raise FencedError(f"transaction {self._id}: fenced, its epoch is {self._epoch}, the newest {newest}")
