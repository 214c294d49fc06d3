"""How the results of a partition's messages reach the broker: before their offsets, or together with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from eventy.consumer.counts import Counts
from eventy.consumer.port import Port
from eventy.consumer.progress import Progress
from eventy.emitter.collection import Send
from eventy.errors import BrokerError, BrokerUnavailableError, EventyError, FencedError, TransactionError
from eventy.handler.flush import flush
from eventy.message.record import DeadLetter, ProducerRecord, TopicPartition

logger = logging.getLogger(__name__)


class PartitionMovedError(EventyError):
    """Somebody else has gone on with the partition: what isn't committed must be begun again from their offset.

    It is no BrokerError: there is nothing to be tried again.
    """


class Delivery(Protocol):
    """Writes what messages come to. An offset is always that of the first message which isn't done."""

    #: Whether what a message comes to must wait until those before it are done.
    in_order: bool

    async def open(self) -> None:
        """Be the only one who may write for the partition. Raises BrokerError."""
        ...

    async def begin(self, offset: int, committed: int | None) -> None:
        """Begin at an offset; where nothing is committed yet it is. Raises BrokerError."""
        ...

    async def write(self, sends: Sequence[Send], offset: int) -> None:
        """Write what handlers have sent for the messages before an offset.

        Raises BrokerUnavailableError and TransactionError: to be tried again; BrokerError and RecordTooLargeError: the
        broker refuses it; PartitionMovedError.
        """
        ...

    async def write_letter(self, letter: DeadLetter, offset: int) -> None:
        """Write the letter of the message before an offset. Raises as `write` does."""
        ...

    def mark(self, offset: int) -> None:
        """Note that what is before an offset is written and done."""
        ...

    async def close(self) -> None:
        """End it; nothing is written any more."""
        ...


class AtLeastOnce:
    """Writes first, and commits then, in the background: a crash in between has it written again.

    Parameters
        progress: commits what is marked.
    """

    in_order = False

    def __init__(self, partition: TopicPartition, port: Port, progress: Progress) -> None:
        self._partition = partition
        self._port = port
        self._progress = progress
        self._committed = 0

    async def open(self) -> None:
        """Nobody is kept from writing: it might be repeated anyway."""

    async def begin(self, offset: int, committed: int | None) -> None:
        if committed is None:
            # Or the next member, should this one be killed, would skip what arrives before the first commit.
            await self._progress.commit(self._partition, offset)
        self._committed = offset if committed is None else committed

    async def write(self, sends: Sequence[Send], offset: int) -> None:
        await flush(sends)

    async def write_letter(self, letter: DeadLetter, offset: int) -> None:
        await self._port.write_letter(letter)

    def mark(self, offset: int) -> None:
        """What is committed never goes back, in a replay say."""
        if offset > self._committed:
            self._progress.mark(self._partition, offset)

    async def close(self) -> None:
        """Progress is everybody's."""


class ExactlyOnce:
    """Writes and commits in one transaction; a transaction that comes to nothing, or to nobody knows what, is replaced.

    The transaction that follows fences the one before: after that, what is committed tells what has become of it.
    """

    in_order = True

    def __init__(self, partition: TopicPartition, port: Port, counts: Counts) -> None:
        self._partition = partition
        self._port = port
        self._counts = counts
        self._transactions = port.transactions(partition)
        self._is_certain = False  # that what follows is written past `_committed`, and by us alone
        self._committed: int | None = None

    async def open(self) -> None:
        self._is_certain = False
        if not self._port.owns(self._partition):  # to open them would be to take them from the owner
            raise PartitionMovedError(f"{self._partition} is somebody else's by now, as it seems")
        await self._transactions.open()

    async def begin(self, offset: int, committed: int | None) -> None:
        self._committed = committed
        self._is_certain = True
        if committed is None:
            await self._commit([], [], offset)

    async def write(self, sends: Sequence[Send], offset: int) -> None:
        await self._commit([send.record for send in sends], [], offset)

    async def write_letter(self, letter: DeadLetter, offset: int) -> None:
        await self._commit([], [letter], offset)

    def mark(self, offset: int) -> None:
        """It is committed already."""

    async def close(self) -> None:
        await self._transactions.close()

    async def _commit(self, records: list[ProducerRecord], letters: list[DeadLetter], offset: int) -> None:
        before = self._committed
        offset = offset if before is None else max(offset, before)  # in a replay it is behind what is committed
        if not records and not letters and offset == before:
            return
        if not self._is_certain and await self._is_committed(offset):
            return
        self._is_certain = False
        try:
            await self._transactions.commit(records, letters, offset)
        except BaseException as error:
            self._counts.transactions_discarded += 1
            self._counts.transactions_fenced += isinstance(error, FencedError)
            raise
        self._is_certain = True
        self._committed = offset

    async def _is_committed(self, offset: int) -> bool:
        """Fence what is in doubt, then return whether it has been committed up to an offset after all.

        Raises BrokerUnavailableError and TransactionError when that can't be found out yet; PartitionMovedError when
        somebody else has gone on with the partition.
        """
        before, found = self._committed, await self._found()
        if found not in (before, offset):
            raise PartitionMovedError(
                f"{self._partition}: the committed offset is {found}, neither that before our transaction, {before}, "
                f"nor that after it, {offset}"
            )
        self._is_certain = True
        self._committed = found
        return found != before

    async def _found(self) -> int | None:
        """Return what is committed once nobody else can commit any more."""
        try:
            await self.open()
            return await self._port.committed(self._partition)
        except (BrokerUnavailableError, TransactionError):
            raise
        except BrokerError as error:  # nothing that was sent is refused by that
            raise TransactionError(f"{self._partition}: not known what is committed: {error}") from error
