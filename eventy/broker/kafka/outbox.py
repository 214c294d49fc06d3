"""What waits to be written to Kafka's partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from itertools import chain
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from eventy.broker.kafka.batch import batches_of, write_batch
from eventy.broker.kafka.producer import LiveProducer
from eventy.broker.kafka.requests import left_until
from eventy.errors import BrokerUnavailableError
from eventy.message.record import ProducerRecord, TopicPartition

# Seconds after its time for a write to end by itself, which replaces the producer: others may still wait for it.
_GRACE = 0.1


class Parcel(NamedTuple):
    """Records of one sender, who waits until all of them are acknowledged, or until a time of the loop's clock."""

    records: Sequence[ProducerRecord]
    written: asyncio.Future[None]
    deadline: float

    def succeed(self) -> None:
        if not self.written.done():  # its sender may have given up
            self.written.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.written.done():
            self.written.set_exception(error)


class Outbox:
    """Writes to one partition, for many senders: what they give while a batch is under way makes the next one.

    The client sends a partition one batch at a time as well, but counts the waiting of several against each other, and
    times out for nothing.
    """

    def __init__(self, producer: LiveProducer, partition: TopicPartition) -> None:
        self._producer = producer
        self._partition = partition
        self._what = f"sending to {partition}"
        self._waiting: list[Parcel] = []
        self._under_way: list[Parcel] = []
        self._alarm: asyncio.TimerHandle | None = None
        #: While there is something to write.
        self.writing: asyncio.Task[None] | None = None

    def put(self, parcel: Parcel) -> None:
        self._waiting.append(parcel)
        if self.writing is None:
            # In a context of its own: it outlives the request or handler that has given it this.
            self.writing = asyncio.create_task(self._write_all(), name=self._what, context=Context())
        if self._alarm is None or parcel.deadline + _GRACE < self._alarm.when():
            self._be_alarmed(parcel.deadline)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                self._under_way, self._waiting = self._waiting, []
                await self._write(self._under_way)
        finally:
            self._be_alarmed(None)
            self._under_way, self.writing = [], None

    async def _write(self, parcels: list[Parcel]) -> None:
        """Write parcels together; where the broker refuses that, find out whose records it was."""
        parcels = [parcel for parcel in parcels if not parcel.written.done()]  # whose senders still wait
        if not parcels:
            return
        records = list(chain.from_iterable(parcel.records for parcel in parcels))
        acknowledged = 0

        async def send(producer: AIOKafkaProducer) -> None:
            nonlocal acknowledged
            for batch in batches_of(producer, records):
                await write_batch(producer, batch, self._partition)
                acknowledged += batch.record_count()

        try:
            await self._producer.run(send, self._what, left_until(max(parcel.deadline for parcel in parcels)))
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            refused = _answer(parcels, acknowledged)
            if len(refused) == 1 or isinstance(error, BrokerUnavailableError):
                for parcel in refused:
                    parcel.fail(error)
            else:
                half = len(refused) // 2
                await self._write(refused[:half])
                await self._write(refused[half:])
        else:
            _answer(parcels, acknowledged)

    def _be_alarmed(self, at: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if at is None else asyncio.get_running_loop().call_at(at + _GRACE, self._give_up)

    def _give_up(self) -> None:
        """Tell those whose time is up; the others may still have their answer."""
        now, left = asyncio.get_running_loop().time(), []
        for parcel in chain(self._under_way, self._waiting):
            if parcel.written.done():
                continue
            if parcel.deadline > now:
                left.append(parcel.deadline)
            else:
                error = BrokerUnavailableError(f"{self._what}: the broker doesn't answer in time")
                parcel.fail(error)
                self._producer.doubt(error)
        self._be_alarmed(min(left, default=None))


def _answer(parcels: list[Parcel], acknowledged: int) -> list[Parcel]:
    """Tell those whose records are all among the first so many; return what is left of the others."""
    for at, parcel in enumerate(parcels):
        if acknowledged < len(parcel.records):
            return [parcel._replace(records=parcel.records[acknowledged:]), *parcels[at + 1 :]]
        acknowledged -= len(parcel.records)
        parcel.succeed()
    return []


class Outboxes:
    """The outboxes of all partitions that one producer writes to."""

    def __init__(self, producer: LiveProducer) -> None:
        self._producer = producer
        self._of: dict[TopicPartition, Outbox] = {}

    def put(self, partition: TopicPartition, parcel: Parcel) -> None:
        """Have records written behind those that a partition was given before."""
        outbox = self._of.get(partition)
        if outbox is None:
            outbox = self._of[partition] = Outbox(self._producer, partition)
        outbox.put(parcel)

    async def write(self, targets: Mapping[TopicPartition, Sequence[ProducerRecord]], deadline: float) -> None:
        """Return when all records are acknowledged; all is ended when an error is raised.

        Parameters
            deadline: in seconds of the loop's clock.

        Raises BrokerUnavailableError, BrokerError, RecordTooLargeError.
        """
        loop, ends = asyncio.get_running_loop(), []
        for partition, records in targets.items():
            written = loop.create_future()
            ends.append(written)
            self.put(partition, Parcel(records, written, deadline))
        # Nothing is written behind the back of the next try.
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while writing := [outbox.writing for outbox in self._of.values() if outbox.writing is not None]:
            await asyncio.wait(writing)
