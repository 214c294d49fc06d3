"""Where a consumer begins in a partition."""

from __future__ import annotations

from typing import Literal, get_args

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
    if position == "earliest" and group is not None:
        raise ConfigurationError(
            f"position 'earliest' replays group {group!r} at each start, which this version can't do yet: "
            "use event_group=None to read all from the beginning, or position 'committed' to go on where the group was"
        )


class Positions:
    """Finds where to begin in a partition that has been assigned.

    Parameters
        position: `latest`: the committed offset, else the end. `committed`: the committed offset, else the beginning.
            `earliest`, without a group: the beginning. A partition that appears later begins at its beginning.
    """

    def __init__(self, port: Port, position: str) -> None:
        self._port = port
        self._position = position
        self._reached: dict[TopicPartition, int] = {}

    def left(self, partition: TopicPartition, offset: int) -> None:
        """Note how far this process has read a partition, for when it comes back and no group knows."""
        self._reached[partition] = offset

    async def begin(self, partition: TopicPartition) -> int:
        """Return the offset to begin with."""
        committed = await self._port.committed(partition)
        if committed is not None:
            return committed
        if partition in self._reached:
            return self._reached[partition]
        if self._position == "latest" and partition in self._port.found_at_open:
            return await self._port.end_offset(partition)
        return await self._port.beginning_offset(partition)
