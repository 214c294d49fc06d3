"""The small port between the engine and a broker."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from eventy.message.record import DeadLetter, ProducerRecord, Record, TopicPartition


class Transactions(Protocol):
    """Writes for one partition what its messages come to, together with its offset: all of it or nothing."""

    async def open(self) -> None:
        """Fence whoever wrote for the partition before, and wait until it is settled what their last transaction was.

        Only then `Port.committed` tells the truth. To be called again after a commit that raised.

        Raises BrokerUnavailableError, BrokerError.
        """
        ...

    async def commit(self, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        """Write records and letters, and commit the offset of the partition's next message.

        Raises FencedError, TransactionError and BrokerUnavailableError when it isn't known whether that is done;
        RecordTooLargeError and BrokerError when the broker refuses a record: nothing is done.
        """
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


class AssignmentListener(Protocol):
    """Who is told about partitions that come and go."""

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Finish with partitions: when this returns, another member may own them."""
        ...

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Take partitions over. They are paused; the engine seeks and resumes them."""
        ...

    def rewind(self) -> None:
        """Seek every partition again: the client has lost its place."""
        ...


class Port(Protocol):
    """What the engine asks of a broker. Errors are `BrokerError` and its subclasses; every wait is bounded."""

    #: Seconds that finishing revoked partitions may take.
    revoke_timeout: float

    #: The partitions that were there when it was opened; others are new, and nothing of them may be missed.
    found_at_open: Collection[TopicPartition]

    async def open(self, listener: AssignmentListener) -> None:
        """Connect and subscribe. Raises BrokerUnavailableError when the broker isn't there in time."""
        ...

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        """Return the next batches, possibly none. An error may have swallowed records: seek, then fetch again."""
        ...

    def interrupt(self) -> None:
        """Have a `fetch` or `drain` that waits return soon: nothing more is received."""
        ...

    def pause(self, partition: TopicPartition) -> None:
        """Fetch nothing more of a partition: enough of it waits."""
        ...

    def resume(self, partition: TopicPartition) -> None:
        """Undo `pause`."""
        ...

    def hold(self, partition: TopicPartition) -> None:
        """Fetch nothing of a partition while one of its messages waits for a retry."""
        ...

    def release(self, partition: TopicPartition) -> None:
        """Undo `hold`."""
        ...

    def rests(self) -> None:
        """Note that what is open may all wait by now: who turns the clock in a test wants to know."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Have the next `fetch` begin there."""
        ...

    async def committed(self, partition: TopicPartition) -> int | None:
        """Return the offset that the group has committed; None without one, and without a group."""
        ...

    async def position(self, partition: TopicPartition) -> int:
        """Return the offset that the next fetch begins with: past all that was fetched, and what has no records."""
        ...

    def unfetched(self, partition: TopicPartition) -> int | None:
        """Return how many offsets there are from the position to the end as last seen; None while that isn't known.

        The broker isn't asked: of a partition that is paused the end may be further by now.
        """
        ...

    async def beginning_offset(self, partition: TopicPartition) -> int: ...

    async def end_offset(self, partition: TopicPartition) -> int: ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the offsets of the next messages. Without a group nothing is kept.

        Raises CommitFailedError when the partitions have gone to another member.
        """
        ...

    async def write_letter(self, letter: DeadLetter) -> None:
        """Write a dead letter, and return when the broker has acknowledged it. Several may be under way at once.

        It goes to the partition that its message was in, if the letter topic has that one, else to the partition of its
        key. A letter topic that is missing is made, with as many partitions as the message's topic.

        Raises BrokerUnavailableError when the broker doesn't answer in time: it may have been written all the same;
        RecordTooLargeError when it is more than the topic takes, BrokerError when the broker refuses it or its topic.
        """
        ...

    def transactions(self, partition: TopicPartition) -> Transactions:
        """Return what writes for a partition exactly once; it isn't open yet. Not without a group."""
        ...

    def owns(self, partition: TopicPartition) -> bool:
        """Return whether the partition is ours, as far as we know: who was stopped and comes back learns it late."""
        ...

    def readiness(self) -> str | None:
        """Return None while the broker is reached, else who isn't."""
        ...

    async def drain(self) -> None:
        """Return when the messages that would be lost with this process are handled. Kafka loses none: at once."""
        ...

    def lost(self) -> int:
        """Return how many messages would be lost if the process ended now."""
        ...

    def lost_by_leaving(self) -> int:
        """Return how many messages would be lost if this member left now: none that others go on with."""
        ...

    def lag(self) -> Mapping[tuple[str, TopicPartition], int]:
        """Return what `drain` waits for: how many messages are unhandled, by group and partition."""
        ...

    async def close(self) -> None:
        """Leave the group and disconnect."""
        ...
