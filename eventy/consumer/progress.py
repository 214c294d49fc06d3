"""Commits what is done: explicit offsets, coalesced, one request under way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from eventy.clock import Clock
from eventy.errors import BrokerError, CommitFailedError
from eventy.message.record import TopicPartition

logger = logging.getLogger(__name__)

# Seconds between a commit that the broker didn't answer and the next.
_PAUSE = 0.5


class Progress:
    """What the workers have done and the broker doesn't know yet.

    Parameters
        commit: commits at the broker, see `Port.commit`.
        failed: called with an error that nobody foresaw; without commits the consumer must not go on.
    """

    def __init__(
        self,
        commit: Callable[[Mapping[TopicPartition, int]], Awaitable[None]],
        clock: Clock,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._commit = commit
        self._clock = clock
        self._failed = failed
        self._offsets: dict[TopicPartition, int] = {}
        self._under_way: dict[TopicPartition, int] = {}
        self._awaited: dict[TopicPartition, asyncio.Future[None]] = {}
        self._marked = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._committing: asyncio.Task[None] | None = None

    def mark(self, partition: TopicPartition, offset: int) -> None:
        """Have an offset committed soon: that of the first message which isn't done."""
        self._offsets[partition] = offset
        self._marked.set()

    async def commit(self, partition: TopicPartition, offset: int) -> None:
        """Have an offset committed, and return when it is. Raises BrokerError."""
        self._awaited[partition] = committed = asyncio.get_running_loop().create_future()
        self.mark(partition, offset)
        await committed

    def start(self) -> None:
        """Commit in the background what is marked."""
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_until_cancelled())
            self._committing.add_done_callback(self._ended)

    async def flush(self) -> None:
        """Commit everything now, in place of a request under way.

        That one must end first: the client would send it later, under the next generation of the group, and move
        another member's offset backwards. It is asked for once: what passes by itself the client tries again as long
        as a request may take, and the rebalance waits for that; what isn't committed then is handled again.
        """
        async with self._flushing:
            await self.cancel()
            offsets, self._offsets = self._offsets, {}
            self._marked.clear()
            if offsets:
                try:
                    await self._commit(offsets)
                except BrokerError as error:
                    logger.warning("offsets not committed, their messages come again: %s", error)
                else:
                    self._answer(offsets)

    async def cancel(self) -> None:
        """End a request under way; what it was to commit counts as marked again."""
        committing, self._committing = self._committing, None
        if committing is not None:
            committing.cancel()
            await asyncio.wait({committing})
            self._offsets = {**self._under_way, **self._offsets}
            self._under_way = {}

    def forget(self) -> None:
        """Drop what is marked: somebody else owns these partitions."""
        self._offsets.clear()
        self._marked.clear()
        self._answer(list(self._awaited), CommitFailedError("the partition has moved to another member"))

    def _answer(self, partitions: Iterable[TopicPartition], error: BrokerError | None = None) -> None:
        """Tell those who wait for a commit."""
        for partition in partitions:
            awaited = self._awaited.pop(partition, None)
            if awaited is not None and not awaited.done():
                if error is None:
                    awaited.set_result(None)
                else:
                    awaited.set_exception(error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if task is self._committing:
                self._failed(BrokerError("the broker's client cancelled a commit of its own accord"))
        elif (error := task.exception()) is not None:
            self._failed(error)

    async def _commit_until_cancelled(self) -> None:
        while True:
            await self._marked.wait()
            self._marked.clear()
            self._under_way, self._offsets = self._offsets, {}
            try:
                await self._commit(self._under_way)
            except CommitFailedError as error:
                logger.warning("offsets not committed, the partitions have moved: %s", error)
                self._answer(self._under_way, error)
            except BrokerError as error:
                logger.warning("offsets not committed, trying again: %s", error)
                self._offsets = {**self._under_way, **self._offsets}
                await self._clock.sleep(_PAUSE)
                self._marked.set()
            else:
                self._answer(self._under_way)
            self._under_way = {}
