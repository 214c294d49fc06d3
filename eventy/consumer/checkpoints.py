"""Tells, once, that a consumer has read up to where its group was, or up to where the topics ended at its start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable

from eventy.errors import HandlerError
from eventy.message.record import TopicPartition
from eventy.tasks import cancel

logger = logging.getLogger(__name__)

# Seconds for a callback that is cancelled to end.
_CANCEL = 1.0

#: Called without arguments; what it returns is awaited if it can be.
CheckpointCallback = Callable[[], Awaitable[None] | None]


class Checkpoints:
    """The offset of each assigned partition that must be reached, and who is told when all of them are.

    Parameters
        failed: called with the error of a callback.
    """

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._missing: dict[TopicPartition, int | None] = {}
        self._callback: CheckpointCallback | None = None
        self._calling: asyncio.Task[None] | None = None
        self._is_reached = False
        self._is_stopped = False

    def set_callback(self, callback: CheckpointCallback) -> None:
        """Say who is told: at once, if all is reached already."""
        self._callback = callback
        if self._is_reached and self._calling is None:
            self._call()

    # ------------------------------------------------------------ partitions

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Expect partitions to be read; there may be none."""
        self._missing.update(dict.fromkeys(partitions))
        self._look()

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Expect partitions no more: somebody else reads them. Others follow with the next assignment."""
        for partition in partitions:
            self._missing.pop(partition, None)

    def aim(self, partition: TopicPartition, checkpoint: int) -> None:
        """Say which offset is to be reached."""
        if partition in self._missing:
            self._missing[partition] = checkpoint

    def reached(self, partition: TopicPartition, offset: int) -> None:
        """Note that everything before an offset is read."""
        checkpoint = self._missing.get(partition)
        if checkpoint is not None and offset >= checkpoint:
            del self._missing[partition]
            self._look()

    def missing(self) -> Collection[TopicPartition]:
        """Return the partitions that haven't reached their checkpoint."""
        return tuple(self._missing)

    # ------------------------------------------------------------ telling

    def _look(self) -> None:
        if not self._is_reached and not self._missing:
            self._is_reached = True
            self._call()

    def _call(self) -> None:
        if self._callback is not None and not self._is_stopped:
            self._calling = asyncio.create_task(self._tell(self._callback), name="checkpoint callback")
            self._calling.add_done_callback(self._ended)

    async def _tell(self, callback: CheckpointCallback) -> None:
        if (told := callback()) is not None:
            await told

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if not self._is_stopped:
                self._failed(HandlerError("the checkpoint callback has cancelled the task that it runs in"))
        elif (error := task.exception()) is not None:
            self._failed(error)

    async def stop(self) -> None:
        """End a callback that still runs, unless it is the one who stops; one that ignores it is left behind."""
        self._is_stopped = True
        calling = self._calling
        if calling is None or calling.done() or calling is asyncio.current_task():
            return
        if await cancel({calling}, _CANCEL):
            logger.error("the checkpoint callback ignores its cancellation and is left behind")
