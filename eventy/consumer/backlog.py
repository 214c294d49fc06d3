"""What has been fetched of a partition and isn't worked on yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from eventy.consumer.port import Port
from eventy.message.record import Record, TopicPartition

# Batches that may wait while one is worked on; more of them and the partition is paused. Pausing at one already
# would delay other partitions' traffic by up to a fetch's waiting time.
_WAITING = 2


class Backlog:
    """The batches that wait, in order; a partition that has enough of them is paused.

    Parameters
        changed: wakes the partition's work: set when a batch arrives, and by whoever has something else for it to do.
    """

    def __init__(self, partition: TopicPartition, port: Port, changed: asyncio.Event) -> None:
        self.position: int | None = None
        self._partition = partition
        self._port = port
        self.changed = changed
        self._batches: deque[Sequence[Record]] = deque()

    def begin(self, offset: int) -> None:
        """Have the partition fetched from an offset on; what came before that was known is dropped."""
        self.position = offset
        self._port.seek(self._partition, offset)
        self._port.resume(self._partition)

    def forget(self) -> None:
        """Have nothing fetched until it begins again."""
        self.position = None
        self._batches.clear()
        self._port.pause(self._partition)

    def offer(self, records: Sequence[Record]) -> None:
        """Take a batch, unless the position isn't known yet: then the seek that follows brings it again."""
        if self.position is None:
            return
        self.position = records[-1].offset + 1
        self._batches.append(records)
        self.changed.set()
        if len(self._batches) >= _WAITING:
            self._port.pause(self._partition)

    def rewind(self) -> None:
        """Have everything from the next expected record on fetched again."""
        if self.position is not None:
            self._port.seek(self._partition, self.position)

    def take(self) -> Sequence[Record] | None:
        """Return the next batch, if one waits."""
        if not self._batches:
            return None
        records = self._batches.popleft()
        if len(self._batches) == _WAITING - 1:
            self._port.resume(self._partition)
        return records

    def __bool__(self) -> bool:
        return bool(self._batches)
