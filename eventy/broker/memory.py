"""The in-process broker: partitions, groups and offsets as Kafka has them, for one process and its lifetime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from eventy.broker.group import Group, Member
from eventy.broker.log import PartitionLog, StoredRecord
from eventy.broker.partitioner import partition_of
from eventy.broker.transactions import TransactionalProducer
from eventy.clock import Clock
from eventy.errors import BrokerUnavailableError, ConfigurationError
from eventy.message.record import ProducerRecord, TopicPartition

# What readiness says of one that is down.
DOWN = "the broker doesn't answer: it is down"
# EVENTY_MEMORY_PARTITIONS
PARTITIONS = 4


class MemoryBroker:
    """Topics of ordered partitions, and the groups that read them. A topic is made when it is first named.

    Parameters
        clock: gives the records their timestamps.
        partitions: of a topic that isn't made by `create_topic`.
    """

    def __init__(self, *, clock: Clock, partitions: int = PARTITIONS) -> None:
        if partitions < 1:
            raise ConfigurationError(f"EVENTY_MEMORY_PARTITIONS is {partitions}, expected at least 1")
        self._clock = clock
        self._default = partitions
        self._logs: dict[str, list[PartitionLog]] = {}
        self._epochs: dict[str, int] = {}
        self._groups: dict[str, Group] = {}
        self._readers: list[Group] = []
        self._waking: dict[Member, Callable[[], None]] = {}
        # Those who read a topic: asking each member for each record would be slow.
        self._wakes: dict[str, list[Callable[[], None]]] = {}
        self._keyless = 0
        self._changed: list[asyncio.Future[None]] = []
        self._reachable: asyncio.Event | None = None  # while it is down, set when it isn't any more
        self.is_handed_over = False

    @classmethod
    def of(cls, config: Mapping[str, Any], clock: Clock) -> MemoryBroker:
        """Return the broker that settings describe, by their names in lower case without `EVENTY_`."""
        return cls(clock=clock, partitions=config["memory_partitions"])

    # ------------------------------------------------------------ topics

    def create_topic(self, topic: str, partitions: int | None = None) -> None:
        """Make a topic, or add partitions to it; the groups that read it rebalance."""
        log = self._logs.setdefault(topic, [])
        self._wakes.setdefault(topic, [wake for member, wake in self._waking.items() if member.reads(topic)])
        missing = (partitions or self._default) - len(log)
        if missing > 0:
            log.extend(PartitionLog() for _ in range(missing))
            for group in self._readers:
                group.partitions_changed(topic)

    def has_topic(self, topic: str) -> bool:
        """Return whether a topic is there; unlike the other questions this one doesn't make it."""
        return topic in self._logs

    def topics(self) -> tuple[str, ...]:
        """Return the topics that there are."""
        return tuple(self._logs)

    def partitions(self, topic: str) -> tuple[TopicPartition, ...]:
        """Return the partitions of a topic."""
        if topic not in self._logs:
            self.create_topic(topic)
        return tuple(TopicPartition(topic, number) for number in range(len(self._logs[topic])))

    # ------------------------------------------------------------ records

    def append(
        self, record: ProducerRecord, *, partition: int | None = None, transactional_id: str | None = None
    ) -> StoredRecord:
        """Append a record to the partition of its key; without a key, to each partition in turn.

        Parameters
            transactional_id: whose transaction it is part of: nobody reads it before that is committed.
        """
        log = self._logs.get(record.topic)
        if log is None:
            self.create_topic(record.topic)
            log = self._logs[record.topic]
        if partition is None:
            partition = self._partition_of(record.key, len(log))
        now = self._clock.now_ms()
        stored = log[partition].append(
            lambda offset: StoredRecord(record.topic, partition, offset, now, record.key, record.value, record.headers),
            transactional_id,
        )
        if transactional_id is None:
            self._wake(record.topic)
        return stored

    def _wake(self, topic: str) -> None:
        for wake in self._wakes[topic]:
            wake()

    def read(self, partition: TopicPartition, offset: int, limit: int) -> tuple[list[StoredRecord], int]:
        """Return the records that are committed among the next `limit` offsets, and the offset to go on from."""
        return self._log(partition).read(offset, limit)

    def records(self, topic: str) -> list[StoredRecord]:
        """Return all records of a topic in the order of their arrival within a partition, partition after partition."""
        return [record for log in self._logs.get(topic, []) for record in log.read(0)[0]]

    def end_offset(self, partition: TopicPartition) -> int:
        """Return the offset that readers come to when they have read everything."""
        return self._log(partition).stable_end

    def _log(self, partition: TopicPartition) -> PartitionLog:
        return self._logs[partition.topic][partition.partition]

    def _partition_of(self, key: bytes | None, partitions: int) -> int:
        if key is not None:
            return partition_of(key, partitions)
        self._keyless += 1
        return self._keyless % partitions

    # ------------------------------------------------------------ transactions

    def transactional(self, transactional_id: str) -> TransactionalProducer:
        """Return the producer of an id: those before it are fenced, what they left open is aborted."""
        epoch = self._epochs[transactional_id] = self._epochs.get(transactional_id, -1) + 1
        self.end_transaction(transactional_id, is_committed=False)
        return TransactionalProducer(self, transactional_id, epoch)

    def epoch(self, transactional_id: str) -> int:
        """Return the epoch of the newest producer of an id: each begins one."""
        return self._epochs[transactional_id]

    def end_transaction(
        self,
        transactional_id: str,
        *,
        is_committed: bool,
        group: str | None = None,
        offsets: Mapping[TopicPartition, int] | None = None,
    ) -> None:
        """Let readers have what was written under an id, and commit a group's offsets with it; or nothing of it."""
        for topic, logs in self._logs.items():
            written = [log for log in logs if log.is_written_by(transactional_id)]
            for log in written:
                log.end_transaction(transactional_id, is_committed=is_committed)
            if written:
                self._wake(topic)
        if is_committed and group in self._groups and offsets:
            self._groups[group].keep(offsets)

    # ------------------------------------------------------------ readers

    def join(self, group: str | None, member: Member, wake: Callable[[], None]) -> Group:
        """Let a member into a group, None being one of its own; its assignment follows.

        Parameters
            wake: called when one of the member's topics gets a record.
        """
        found = self._groups.get(group) if group is not None else None
        if found is None:
            found = Group(group, self.topics, self.partitions, self.notify)
            if group is not None:
                self._groups[group] = found
        if found not in self._readers:
            self._readers.append(found)
        self._waking[member] = wake
        for topic, wakes in self._wakes.items():
            if member.reads(topic):
                wakes.append(wake)
        found.join(member)
        return found

    def halt(self, member: Member) -> None:
        """Count on a member no more: it handles nothing further, and leaves soon."""
        member.is_halted = True
        self.notify()

    def leave(self, group: Group, member: Member) -> None:
        """Let a member go; the others take over what it had."""
        wake = self._waking.pop(member)
        for topic, wakes in self._wakes.items():
            if member.reads(topic):
                wakes.remove(wake)
        group.leave(member)
        if not group.members and group.name is None:
            self._readers.remove(group)
        self.notify()

    def is_read(self, topic: str) -> bool:
        """Return whether somebody reads a topic, or has."""
        return any(partition.topic == topic for group in self._readers for partition in group.partitions())

    def committed(self, group: str, partition: TopicPartition) -> int | None:
        """Return the offset that a group has committed."""
        found = self._groups.get(group)
        return found.committed(partition) if found is not None else None

    # ------------------------------------------------------------ faults

    @property
    def is_down(self) -> bool:
        """Whether nobody gets an answer."""
        return self._reachable is not None

    def go_down(self) -> None:
        """Answer nobody until `come_back`: writing fails, and what the engine can wait for waits."""
        if self._reachable is None:
            self._reachable = asyncio.Event()

    def come_back(self) -> None:
        """Answer again; everything is there."""
        reachable, self._reachable = self._reachable, None
        if reachable is not None:
            reachable.set()
            for wake in self._waking.values():
                wake()
            self.notify()

    async def reached(self) -> None:
        """Return when it answers: at once, or when it is back."""
        while self._reachable is not None:
            await self._reachable.wait()

    def check_reached(self) -> None:
        """Raise BrokerUnavailableError while it is down."""
        if self._reachable is not None:
            raise BrokerUnavailableError(DOWN)

    def hand_over(self) -> MemoryBroker:
        """Return a broker that has what was written and committed here, as a process finds it that comes after a crash.

        Nobody is connected to that one. What those do who still are to this one reaches nobody any more.
        """
        heir = MemoryBroker(clock=self._clock, partitions=self._default)
        heir._logs, heir._epochs, heir._keyless = self._logs, dict(self._epochs), self._keyless
        heir._wakes = {topic: [] for topic in self._logs}
        for name, group in self._groups.items():
            heir._groups[name] = group.successor(heir.topics, heir.partitions, heir.notify)
        heir._readers = list(heir._groups.values())
        self._logs = {topic: [log.copy() for log in logs] for topic, logs in heir._logs.items()}
        self.is_handed_over = True
        self.come_back()
        self.notify()
        return heir

    # ------------------------------------------------------------ what is still open

    def lag(self, groups: Iterable[Group] | None = None) -> dict[tuple[str, TopicPartition], int]:
        """Return how many records are still to be handled, by group and partition, where there are any."""
        found = {}
        for group in self._readers if groups is None else groups:
            for partition in group.partitions():
                done = group.committed(partition)
                open_ = self._log(partition).count_from(done or 0) if done is not None or group.members else 0
                if open_ or (done is None and group.members):
                    found[group.label, partition] = open_
        return found

    def is_rebalancing(self) -> bool:
        """Return whether partitions are being dealt out."""
        return any(group.is_rebalancing for group in self._readers)

    def is_drained(self) -> bool:
        """Return whether all that somebody works on is handled."""
        return not any(group.is_worked_on(partition) for group in self._readers for _, partition in self.lag([group]))

    def change(self) -> asyncio.Future[None]:
        """Return a future that is done when an offset is committed, a member goes or something begins to wait."""
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        return future

    def notify(self) -> None:
        """Tell those who wait for a `change`."""
        changed, self._changed = self._changed, []
        for future in changed:
            if not future.done():
                future.set_result(None)
