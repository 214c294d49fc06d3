"""Transactions of Kafka: records and an offset, all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiokafka
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from eventy.broker.kafka.batch import batches_of, targets_of, write_batch
from eventy.broker.kafka.closing import Closings
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.letters import LetterTopics, target_of
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, started, translated
from eventy.errors import CommitFailedError, FencedError, TransactionError
from eventy.message.record import DeadLetter, ProducerRecord, TopicPartition

# Seconds for one transaction, from its begin to the answer to its commit.
_COMMIT = REQUEST_TIMEOUT
# Milliseconds after which the coordinator gives a transaction up. Longer than we take, so that it never does so while
# we still write; no longer than that, since readers wait for the end of a transaction that nobody goes on with.
TRANSACTION_TIMEOUT = 15_000

# Another producer has our id, or the coordinator has given the transaction up.
_FENCED = (kafka.ProducerFenced, kafka.InvalidProducerEpoch)
# What the client's transaction came to isn't known, or it can't go on with it.
_IN_DOUBT = (
    kafka.InvalidTxnState,
    kafka.InvalidProducerIdMapping,
    kafka.OutOfOrderSequenceNumber,
    kafka.UnknownProducerId,
    kafka.IllegalOperation,
)


class KafkaTransactions:
    """Transactions under one id, one after the other. After any error the producer is replaced: it is never reused.

    Parameters
        transactional_id: the same in whichever process has the partition, so that a new owner fences the old one.
        group: whose offset is committed.
        source: the partition whose messages the records come from.
        letters: finds the topics of dead letters.
        closings: takes the producers that aren't used any more.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        transactional_id: str,
        group: str,
        source: TopicPartition,
        letters: LetterTopics,
        closings: Closings,
    ) -> None:
        self._connection = connection
        self._id = transactional_id
        self._group = group
        self._source = source
        self._letters = letters
        self._producer: AIOKafkaProducer | None = None
        self._closings = closings

    async def open(self) -> None:
        self._discard()
        producer = AIOKafkaProducer(
            **self._connection.producer_options(),
            transactional_id=self._id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT,
        )
        try:
            await started(producer, REQUEST_TIMEOUT)
        except BaseException:
            self._closings.break_off(producer)
            raise
        self._producer = producer

    async def commit(self, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        """Its own transaction from beginning to end: none is open while handlers run."""
        if (producer := self._producer) is None:
            raise TransactionError(f"transaction {self._id}: not open")
        try:
            async with self._explained(), asyncio.timeout(_COMMIT):
                targets = await self._targets(producer, records, letters)
                await producer.begin_transaction()
                await _write(producer, targets)
                next_offset = {aiokafka.TopicPartition(*self._source): offset}
                await producer.send_offsets_to_transaction(next_offset, self._group)
                await producer.commit_transaction()
        except BaseException:
            self._discard()
            for letter in letters:
                self._letters.forget(letter.record.topic)
            raise

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.wait({self._closings.close(producer)})

    async def _targets(
        self, producer: AIOKafkaProducer, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter]
    ) -> dict[TopicPartition, list[ProducerRecord]]:
        """Find where everything goes, before the transaction begins: asking for an unknown topic takes its time."""
        targets = await targets_of(producer, records)
        for letter in letters:
            await self._letters.find(letter.record.topic, letter.source.topic)
            targets.setdefault(await target_of(producer, letter), []).append(letter.record)
        return targets

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        """Turn the client's errors into eventy's."""
        what = f"transaction {self._id}"
        try:
            with translated(what):
                try:
                    yield
                except _FENCED as error:
                    raise FencedError(f"{what}: fenced, another producer has its id or it took too long") from error
                except _IN_DOUBT as error:
                    raise TransactionError(f"{what}: {error!r}") from error
                except kafka.KafkaError as error:
                    if type(error) is kafka.KafkaError:  # so the client says that its sender has died, of whatever
                        raise TransactionError(f"{what}: {error} ({error.__cause__!r})") from error
                    raise
        except CommitFailedError as error:  # the client's state forbids what was asked for
            raise TransactionError(str(error)) from error

    def _discard(self) -> None:
        """End the producer. Nothing of it is waited for: the next one with its id fences it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            self._closings.break_off(producer)


async def _write(producer: AIOKafkaProducer, targets: dict[TopicPartition, list[ProducerRecord]]) -> None:
    """Return when every record is acknowledged: a commit wouldn't tell of those that were refused."""

    async def write_to(partition: TopicPartition, records: list[ProducerRecord]) -> None:
        for batch in batches_of(producer, records):
            await write_batch(producer, batch, partition)

    await asyncio.gather(*(write_to(partition, records) for partition, records in targets.items()))
