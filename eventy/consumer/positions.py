"""Where a consumer begins."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from eventy.consumer.port import Port
from eventy.errors import ConfigurationError
from eventy.message.record import TopicPartition

Position = Literal["latest", "committed", "earliest"]


def check_position(position: str, group: str | None) -> None:
    """Raise ConfigurationError for a position that isn't one, or can't be had with or without a group."""
    if position not in get_args(Position):
        raise ConfigurationError(f"position is {position!r}, expected {', '.join(get_args(Position))}")
    if position == "committed" and group is None:
        raise ConfigurationError(
            "position 'committed' needs an event_group: without one there are no committed offsets"
        )


class Beginning(NamedTuple):
    """Where work on a partition begins.

    Parameters
        offset: of the first message.
        checkpoint: below it are messages that were there, or handled, before.
        committed: the offset that the group has committed; None: none yet.
    """

    offset: int
    checkpoint: int
    committed: int | None


class Positions:
    """Finds where to begin in a partition that has been assigned.

    Parameters
        position: `latest`: the committed offset, else the end. `committed`: the committed offset, else the beginning.
            `earliest`: the beginning, at each start. A partition that appears later begins at its beginning.
        group: None: nothing is ever committed.
    """

    def __init__(self, port: Port, position: str, group: str | None) -> None:
        self._port = port
        self._position = position
        self._group = group
        self._left: dict[TopicPartition, int] = {}

    def left(self, partition: TopicPartition, offset: int) -> None:
        """Note how far this process has read a partition, for when it comes back."""
        self._left[partition] = offset

    async def begin(self, partition: TopicPartition) -> Beginning:
        """Return where to begin."""
        committed = await self._port.committed(partition) if self._group is not None else None
        if self._position == "earliest":
            return await self._from_the_beginning(partition, committed)
        offset = committed if committed is not None else await self._first(partition)
        return Beginning(offset, offset, committed)

    async def _from_the_beginning(self, partition: TopicPartition, committed: int | None) -> Beginning:
        """Begin where this process hasn't read yet: it shows what it has read, others may have gone on since."""
        offset = self._left.get(partition)
        if offset is None:
            offset = await self._port.beginning_offset(partition)
        checkpoint = offset if committed is None else committed
        if self._group is None:
            checkpoint = await self._port.end_offset(partition)
        return Beginning(offset, checkpoint, committed)

    async def _first(self, partition: TopicPartition) -> int:
        """Return where to begin when nothing is committed."""
        if self._group is None and partition in self._left:
            return self._left[partition]
        if self._position == "latest" and partition in self._port.found_at_open:
            return await self._port.end_offset(partition)
        return await self._port.beginning_offset(partition)
