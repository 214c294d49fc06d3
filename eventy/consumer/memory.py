"""Receives from the in-process broker."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from eventy.broker.group import Group, Member, Partitions
from eventy.broker.memory import DOWN, MemoryBroker
from eventy.broker.transactions import TransactionalProducer
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import AssignmentListener, Port
from eventy.consumer.subscription import Subscription
from eventy.errors import TransactionError
from eventy.message.record import DeadLetter, ProducerRecord, Record, TopicPartition
from eventy.words import counted

logger = logging.getLogger(__name__)

# Records of a partition in one batch.
_BATCH = 2_000


class MemoryConsumer(EngineConsumer[MemoryBroker]):
    """The consumer of the embedded default; the parameters are those of `EngineConsumer`."""

    broker_kind: ClassVar[str] = "memory"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> MemoryBroker:
        return MemoryBroker.of(config, clock)

    def _port(self) -> Port:
        return MemoryPort(self._broker, self.subscription, self.group)


class MemoryPort:
    """A member of a group of the in-process broker."""

    revoke_timeout = 60.0

    def __init__(self, broker: MemoryBroker, subscription: Subscription, group: str | None) -> None:
        self._broker = broker
        self._name = group
        self._group: Group | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._held: set[TopicPartition] = set()
        self._woken = asyncio.Event()
        self._interrupted = False
        self._failure: Exception | None = None
        self._letters: Counter[str] = Counter()
        self._member = Member(subscription.matches, self._on_revoked, self._on_assigned)
        found = subscription.among(broker.topics())
        # Where the topics end now: what is sent while the group still assigns its partitions isn't passed over.
        self._ends = {
            partition: broker.end_offset(partition) for topic in found for partition in broker.partitions(topic)
        }
        self.found_at_open: Collection[TopicPartition] = self._ends.keys()
        if not found:
            logger.info("%s: no such topic yet", subscription)

    async def open(self, listener: AssignmentListener) -> None:
        self._listener = listener
        await self._broker.reached()
        self._group = self._broker.join(self._name, self._member, self._woken.set)

    async def _on_revoked(self, partitions: Partitions) -> None:
        await self._note_failure_of(self._listener.on_revoked(partitions))

    async def _on_assigned(self, partitions: Partitions) -> None:
        self._positions.clear()
        self._paused = set(partitions)
        self._held.clear()
        await self._note_failure_of(self._listener.on_assigned(partitions))

    async def _note_failure_of(self, telling: Awaitable[None]) -> None:
        """Have the next fetch raise an error of the listener: the group's other members go on."""
        try:
            await telling
        except Exception as error:
            if self._interrupted:  # there is no next one
                logger.exception("group %s: a rebalance failed", self._name or "(none)")
            self._failure = error
            self._woken.set()

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        while self._failure is None:
            if (batches := self._batches()) or self._interrupted:
                return batches
            self._woken.clear()
            await self._woken.wait()
        raise self._failure

    def _batches(self) -> dict[TopicPartition, Sequence[Record]]:
        batches: dict[TopicPartition, Sequence[Record]] = {}
        if self._broker.is_down:
            return batches
        for partition in self._positions.keys() - self._paused - self._held:
            if records := self._read(partition, _BATCH):
                batches[partition] = records
        return batches

    def _read(self, partition: TopicPartition, limit: int) -> Sequence[Record]:
        """Return the next records, past any number of offsets that have none: nobody wakes the fetch for those."""
        while True:
            position = self._positions[partition]
            records, self._positions[partition] = self._broker.read(partition, position, limit)
            if records or self._positions[partition] == position:
                return records

    def interrupt(self) -> None:
        self._interrupted = True
        self._broker.halt(self._member)
        self._woken.set()

    def pause(self, partition: TopicPartition) -> None:
        self._paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self._paused.discard(partition)
        self._woken.set()

    def hold(self, partition: TopicPartition) -> None:
        self._held.add(partition)

    def release(self, partition: TopicPartition) -> None:
        self._held.discard(partition)
        self._woken.set()

    def rests(self) -> None:
        self._broker.notify()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset
        self._woken.set()

    async def committed(self, partition: TopicPartition) -> int | None:
        await self._broker.reached()
        return self._group.committed(partition) if self._group is not None else None

    async def position(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    def unfetched(self, partition: TopicPartition) -> int | None:
        if (position := self._positions.get(partition)) is None:
            return None
        return max(0, self._broker.end_offset(partition) - position)

    async def beginning_offset(self, partition: TopicPartition) -> int:
        return 0

    async def end_offset(self, partition: TopicPartition) -> int:
        return self._ends.get(partition, self._broker.end_offset(partition))

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await self._broker.reached()
        if self._group is not None:
            self._group.commit(self._member, offsets)

    async def write_letter(self, letter: DeadLetter) -> None:
        self._broker.check_reached()
        self._broker.append(letter.record, partition=target_of(self._broker, letter))
        self._letters[letter.record.topic] += 1

    def transactions(self, partition: TopicPartition) -> MemoryTransactions:
        assert self._name is not None
        return MemoryTransactions(self._broker, self._name, partition, self._letters)

    def owns(self, partition: TopicPartition) -> bool:
        return self._group is not None and self._group.is_current(self._member)

    def readiness(self) -> str | None:
        return DOWN if self._broker.is_down else None

    async def drain(self) -> None:
        while not self._interrupted and not self._is_relieved() and not self._broker.is_drained():
            await self._broker.change()

    def _is_relieved(self) -> bool:
        return self._group is not None and self._group.goes_on_without(self._member)

    def lag(self) -> Mapping[tuple[str, TopicPartition], int]:
        return self._broker.lag()

    def lost(self) -> int:
        """Return how many; of members that a process has several of, one answers for all."""
        is_first = self._group is not None and self._group.members[:1] == [self._member]
        return self._unhandled() if is_first else 0

    def lost_by_leaving(self) -> int:
        return 0 if self._is_relieved() else self._unhandled()

    def _unhandled(self) -> int:
        if self._group is None or self._broker.is_handed_over:
            return 0
        return sum(self._broker.lag([self._group]).values())

    async def close(self) -> None:
        if self._group is not None:
            self._broker.leave(self._group, self._member)
            self._group = None
        for topic, count in self._letters.items():
            if not self._broker.is_read(topic):
                logger.warning("%s in %s: nothing in memory outlives the process", counted(count, "dead letter"), topic)
        self._letters.clear()


class MemoryTransactions:
    """Transactions for one partition, under the id that Kafka's have."""

    def __init__(self, broker: MemoryBroker, group: str, source: TopicPartition, letters: Counter[str]) -> None:
        self._broker = broker
        self._group = group
        self._source = source
        self._id = f"{group}:{source.topic}:{source.partition}"
        self._letters = letters
        self._producer: TransactionalProducer | None = None

    async def open(self) -> None:
        self._broker.check_reached()
        self._producer = self._broker.transactional(self._id)

    async def commit(self, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        producer, self._producer = self._producer, None  # after an error it isn't used again
        if producer is None:
            raise TransactionError(f"transaction {self._id}: not open")
        self._broker.check_reached()
        for record in records:
            producer.append(record)
        for letter in letters:
            producer.append(letter.record, partition=target_of(self._broker, letter))
        producer.commit(self._group, {self._source: offset})
        self._letters.update(letter.record.topic for letter in letters)
        self._producer = producer

    async def close(self) -> None:
        self._producer = None


def target_of(broker: MemoryBroker, letter: DeadLetter) -> int | None:
    """Return the partition of a letter, whose topic is made if it is missing; None: that of its key."""
    source, record = letter
    if not broker.has_topic(record.topic):
        broker.create_topic(record.topic, len(broker.partitions(source.topic)))
    return source.partition if source.partition < len(broker.partitions(record.topic)) else None
