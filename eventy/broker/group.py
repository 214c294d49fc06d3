"""Groups of the in-process broker: members, eager rebalances and committed offsets, as in Kafka's classic protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass

from eventy.errors import CommitFailedError
from eventy.message.record import TopicPartition

Partitions = frozenset[TopicPartition]


@dataclass(eq=False, slots=True)
class Member:
    """Somebody who reads some topics.

    Parameters
        reads: whether a topic is among them.
        revoked: awaited when a rebalance begins, with what the member has. It raises nothing.
        assigned: awaited when it ends, with what it gets. It raises nothing either.
        is_halted: whether it handles nothing more, though it hasn't left yet.
    """

    reads: Callable[[str], bool]
    revoked: Callable[[Partitions], Awaitable[None]]
    assigned: Callable[[Partitions], Awaitable[None]]
    assignment: Partitions = frozenset()
    generation: int = 0
    is_halted: bool = False


class Group:
    """Shares the partitions of some topics among its members, and keeps the offsets that they commit.

    Parameters
        name: None for the private group of a reader without one.
        topics: gives the topics that there are.
        partitions_of: gives the partitions of a topic.
        notify: called whenever what is still open may have changed.
    """

    def __init__(
        self,
        name: str | None,
        topics: Callable[[], Iterable[str]],
        partitions_of: Callable[[str], tuple[TopicPartition, ...]],
        notify: Callable[[], None],
    ) -> None:
        self.name = name
        self.label = name if name is not None else f"(no group {id(self):x})"
        self.members: list[Member] = []
        self.generation = 0
        self._committed: dict[TopicPartition, int] = {}
        self._topics = topics
        self._partitions_of = partitions_of
        self._notify = notify
        self._due = False
        self._rebalancing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ offsets

    def committed(self, partition: TopicPartition) -> int | None:
        return self._committed.get(partition)

    def commit(self, member: Member, offsets: Mapping[TopicPartition, int]) -> None:
        """Keep offsets. Raises CommitFailedError for a member that a rebalance has left behind."""
        if not self.is_current(member):
            raise CommitFailedError(
                f"group {self.label} is in generation {self.generation}, the commit came from generation "
                f"{member.generation}: the partitions have a new owner, who reads these messages again"
            )
        self.keep(offsets)

    def is_current(self, member: Member) -> bool:
        """Return whether a member has what it was assigned last: no rebalance has left it behind."""
        return member in self.members and member.generation == self.generation

    def keep(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Keep offsets whoever they are from: a transaction's, which has fencing of its own."""
        self._committed.update(offsets)
        self._notify()

    # ------------------------------------------------------------ members

    def successor(
        self,
        topics: Callable[[], Iterable[str]],
        partitions_of: Callable[[str], tuple[TopicPartition, ...]],
        notify: Callable[[], None],
    ) -> Group:
        """Return a group of the same name and the same committed offsets that has no members yet."""
        other = Group(self.name, topics, partitions_of, notify)
        other.generation = self.generation
        other.keep(self._committed)
        return other

    def join(self, member: Member) -> None:
        self.members.append(member)
        self._rebalance()

    def leave(self, member: Member) -> None:
        """Let a member go that has already finished its work; it isn't called again."""
        self.members.remove(member)
        self._rebalance()

    def partitions(self) -> tuple[TopicPartition, ...]:
        """Return all partitions that the group reads, or has read."""
        read = {partition for topic in self._read() for partition in self._partitions_of(topic)}
        return tuple(sorted(read | set(self._committed)))

    @property
    def is_rebalancing(self) -> bool:
        """Whether partitions are being dealt out."""
        return self._rebalancing is not None and not self._rebalancing.done()

    def goes_on_without(self, member: Member) -> bool:
        """Return whether others take over when a member leaves."""
        return any(other is not member and not other.is_halted for other in self.members)

    def is_worked_on(self, partition: TopicPartition) -> bool:
        """Return whether somebody handles, or will handle, what a partition has."""
        return any(not member.is_halted for member in self.members) and not any(
            member.is_halted and partition in member.assignment for member in self.members
        )

    def partitions_changed(self, topic: str) -> None:
        if self._is_read(topic):
            self._rebalance()

    def _read(self) -> list[str]:
        return [topic for topic in self._topics() if self._is_read(topic)]

    def _is_read(self, topic: str) -> bool:
        return any(member.reads(topic) for member in self.members)

    def _rebalance(self) -> None:
        self._due = True
        if self.members and (self._rebalancing is None or self._rebalancing.done()):
            # In a context of its own: what begins here outlives the request or handler that it may come from.
            rebalancing = self._rebalance_until_settled()
            self._rebalancing = asyncio.get_running_loop().create_task(rebalancing, context=Context())

    async def _rebalance_until_settled(self) -> None:
        while self._due and self.members:
            self._due = False
            await asyncio.gather(*(member.revoked(member.assignment) for member in self.members))
            self.generation += 1
            shares = self._shares()
            for member, share in shares:
                member.assignment, member.generation = share, self.generation
            await asyncio.gather(*(member.assigned(share) for member, share in shares if member in self.members))

    def _shares(self) -> list[tuple[Member, Partitions]]:
        """Deal the partitions out in turn, as the round-robin assignor does."""
        shares: list[tuple[Member, set[TopicPartition]]] = [(member, set()) for member in self.members]
        turn = 0
        for topic in sorted(self._read()):
            readers = [share for member, share in shares if member.reads(topic)]
            for partition in self._partitions_of(topic):
                readers[turn % len(readers)].add(partition)
                turn += 1
        return [(member, frozenset(share)) for member, share in shares]
