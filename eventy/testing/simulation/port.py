"""A member of a group of the simulated broker, as Kafka's clients are: what it knows of its group it learns late."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import Context
from typing import Any

from eventy.broker.group import Group, Partitions
from eventy.consumer.memory import MemoryPort, MemoryTransactions, target_of
from eventy.consumer.port import AssignmentListener
from eventy.consumer.subscription import Subscription
from eventy.errors import BrokerError, CommitFailedError
from eventy.message.record import DeadLetter, Record, TopicPartition
from eventy.testing.simulation.connection import Connection
from eventy.testing.simulation.promises import Audience
from eventy.testing.simulation.transactions import SimulatedTransactions

# Seconds that a member which the group goes on without may work on before it learns of that.
_UNAWARE = (0.0, 0.01, 0.05, 0.5)
# Records of a partition in one batch.
_BATCHES = (1, 2, 3, 100)


class SimulatedPort(MemoryPort):
    """Asks the broker by requests, and is told of its group in its process's own time.

    Parameters
        audience: who is to be promised that nothing is lost.
    """

    def __init__(
        self, connection: Connection, subscription: Subscription, group: str | None, audience: Audience
    ) -> None:
        super().__init__(connection.broker, subscription, group)
        self._connection = connection
        self._audience = audience
        self._world = connection.world
        self._owned: Partitions = frozenset()
        self._has_failed = False
        self._told = asyncio.Lock()  # a client tells one thing after the other
        self._gone: asyncio.Future[None] = self._world.loop.create_future()

    # ------------------------------------------------------------ the group

    @property
    def group(self) -> Group | None:
        return self._group

    async def open(self, listener: AssignmentListener) -> None:
        self._listener = listener
        await self._world.network.pause()
        self._join()

    def _join(self) -> None:
        self._group = self._connection.at_once(self._broker.join, self._name, self._member, self._woken.set)

    async def _on_revoked(self, partitions: Partitions) -> None:
        await self._tell(self._revoke(partitions))

    async def _on_assigned(self, partitions: Partitions) -> None:
        await self._tell(self._assign(partitions))

    async def _tell(self, what: Coroutine[Any, Any, None]) -> None:
        """Have the process do something, and return when it's done or the group goes on without it."""
        if self._gone.done():
            what.close()
            return
        told: asyncio.Future[None] = self._world.loop.create_future()
        task = self._connection.host.spawn(what)
        task.add_done_callback(lambda _: None if told.done() else told.set_result(None), context=Context())
        await asyncio.wait({told, self._gone}, return_when=asyncio.FIRST_COMPLETED)

    async def _revoke(self, partitions: Partitions) -> None:
        async with self._told:
            await self._world.network.pause()
            await self._listener.on_revoked(sorted(partitions))
            self._owned = frozenset()

    async def _assign(self, partitions: Partitions) -> None:
        async with self._told:
            await self._world.network.pause()
            await self._begin(partitions)

    async def _begin(self, partitions: Partitions) -> None:
        self._positions.clear()
        for partition in sorted(partitions):  # a client begins there by itself, unless it is told to seek
            committed = self._group.committed(partition) if self._group is not None else None
            self._positions[partition] = committed or 0
        self._paused = set(partitions)
        self._held.clear()
        self._owned = partitions
        await self._listener.on_assigned(sorted(partitions))

    def expel(self) -> None:
        """Have the group go on without this member, which it hasn't heard of for too long."""
        group = self._group
        if group is None or self._gone.done() or self._member not in group.members:
            return
        self._world.trace.note(self._connection.host, f"expelled from {self._audience.name}")
        self._connection.at_once(self._broker.leave, group, self._member)
        self._gone.set_result(None)
        if self._connection.host.is_alive:
            self._connection.host.spawn(self._come_back())

    async def _come_back(self) -> None:
        """Learn late that the group has gone on, finish, and join it again."""
        await asyncio.sleep(self._world.random.choice(_UNAWARE))
        await self._revoke(self._member.assignment)
        if self._group is not None and not self._interrupted:
            self._member.assignment = frozenset()
            self._gone = self._world.loop.create_future()
            self._join()

    async def close(self) -> None:
        if self._group is not None and self._member in self._group.members:
            self._connection.at_once(self._broker.leave, self._group, self._member)
        self._group = None
        if not self._gone.done():
            self._gone.set_result(None)  # a rebalance doesn't wait for who has left

    def owns(self, partition: TopicPartition) -> bool:
        return partition in self._owned

    # ------------------------------------------------------------ requests

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        await self._world.network.pause()
        if self._has_failed:
            self._has_failed = False
            return self._batches()  # possibly none, as a client returns after a while
        batches = await super().fetch()
        if batches and self._world.network.happens(self._world.faults.failed_fetches):
            self._world.trace.count("failed fetches")
            self._world.trace.note(self._connection.host, f"loses what it fetched of {', '.join(map(str, batches))}")
            self._has_failed = True
            raise BrokerError("the fetch has failed")
        return batches

    def _batches(self) -> dict[TopicPartition, Sequence[Record]]:
        batches: dict[TopicPartition, Sequence[Record]] = {}
        for partition in sorted(self._positions.keys() - self._paused - self._held):
            if records := self._read(partition, self._world.random.choice(_BATCHES)):
                batches[partition] = records
        return batches

    async def committed(self, partition: TopicPartition) -> int | None:
        group = self._group
        if group is None:
            return None
        return await self._connection.request(
            self._audience.name, f"asks for the offset of {partition}", lambda: group.committed(partition)
        )

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        group = self._group
        if group is None:
            return
        generation = self._member.generation  # a request is of the generation that it is sent in

        def commit() -> None:
            if self._member.generation != generation:
                raise CommitFailedError(f"the commit came from generation {generation}, which is over")
            with self._audience.committing(offsets):
                group.commit(self._member, offsets)

        committed = ", ".join(f"{offset} of {partition}" for partition, offset in sorted(offsets.items()))
        await self._connection.request(self._audience.name, f"commits {committed}", commit)

    async def write_letter(self, letter: DeadLetter) -> None:
        await self._connection.request(
            "producer", f"writes a letter to {letter.record.topic}", lambda: self._append(letter)
        )

    def _append(self, letter: DeadLetter) -> None:
        self._connection.append(letter.record, partition=target_of(self._broker, letter))

    def transactions(self, partition: TopicPartition) -> MemoryTransactions:
        assert self._name is not None
        return SimulatedTransactions(self._connection, self._name, partition, self._letters, self._audience)

    # ------------------------------------------------------------ the end

    async def drain(self) -> None:
        """Return at once: the broker outlives its processes."""

    def lost(self) -> int:
        return 0

    def lost_by_leaving(self) -> int:
        return 0
