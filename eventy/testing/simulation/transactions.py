"""Transactions at the broker of a simulation: writing and committing are requests of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from eventy.consumer.memory import MemoryTransactions, target_of
from eventy.errors import TransactionError
from eventy.message.record import DeadLetter, ProducerRecord, TopicPartition
from eventy.testing.simulation.connection import Connection
from eventy.testing.simulation.promises import Audience


class SimulatedTransactions(MemoryTransactions):
    """As those in memory, but anything may come in between.

    Parameters
        audience: whose offsets they commit.
    """

    def __init__(
        self, connection: Connection, group: str, source: TopicPartition, letters: Counter[str], audience: Audience
    ) -> None:
        super().__init__(connection.broker, group, source, letters)
        self._connection = connection
        self._audience = audience

    async def open(self) -> None:
        self._producer = await self._connection.request(
            self._id, f"opens transaction {self._id}", lambda: self._broker.transactional(self._id)
        )

    async def commit(self, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        producer, self._producer = self._producer, None  # after an error it isn't used again
        if producer is None:
            raise TransactionError(f"transaction {self._id}: not open")
        targets: list[tuple[ProducerRecord, int | None]] = [(record, None) for record in records]
        targets += [(letter.record, target_of(self._broker, letter)) for letter in letters]
        count = self._connection.some_of(len(targets))

        def write() -> None:
            for record, partition in targets[:count]:
                producer.append(record, partition=partition)

        def commit() -> None:
            with self._audience.committing({self._source: offset}):
                producer.commit(self._group, {self._source: offset})

        if targets:
            await self._connection.request(self._id, f"writes {count} of {len(targets)} under {self._id}", write)
            if count < len(targets):
                raise TransactionError(f"{len(targets) - count} of {len(targets)} records: no answer")
        await self._connection.request(self._id, f"commits {offset} of {self._source} under {self._id}", commit)
        self._producer = producer
