"""A process's end of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from typing import Any, Protocol, TypeVar

from eventy.broker.group import Group
from eventy.broker.memory import PARTITIONS, MemoryBroker
from eventy.errors import ConfigurationError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.testing.simulation.loop import Owner, owner
from eventy.testing.simulation.network import Caller
from eventy.testing.simulation.world import World

T = TypeVar("T")


class Membership(Protocol):
    """A process's membership in a group, or its private one."""

    @property
    def group(self) -> Group | None: ...

    def expel(self) -> None: ...

    def owns(self, partition: TopicPartition) -> bool: ...


class Host(Owner, Caller, Protocol):
    """The process that a connection belongs to."""

    ports: list[Membership]

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...


class Connection:
    """What the consumers and emitters of one process share as their `broker`.

    Parameters
        host: the process.
    """

    def __init__(self, world: World, host: Host) -> None:
        self.world = world
        self.host = host

    @property
    def broker(self) -> MemoryBroker:
        return self.world.broker

    async def request(self, lane: str, what: str, apply: Callable[[], T]) -> T:
        """Have the broker do something, see `Network.request`."""
        return await self.world.network.request(self.host, lane, what, apply)

    def append(self, record: ProducerRecord, **more: Any) -> None:
        """Append a record, as part of a request."""
        stored = self.world.broker.append(record, **more)
        self.world.trace.add(stored.value)

    def some_of(self, count: int) -> int:
        """Return how many of some records are written: all of them, unless a request is lost half-way."""
        world = self.world
        if count > 1 and world.network.happens(world.faults.lost_requests):
            world.trace.count("writes in part")
            return world.random.randrange(1, count)
        return count

    def at_once(self, call: Callable[..., T], *arguments: Any) -> T:
        """Call the broker: what it begins to do by that is nobody's."""
        return Context().run(call, *arguments)


def connection_of(config: Mapping[str, Any]) -> Connection:
    """Return the connection of the process that runs. Raises ConfigurationError outside a simulation."""
    host = owner.get()
    connection = getattr(host, "connection", None)
    if not isinstance(connection, Connection):
        raise ConfigurationError("a simulated consumer or emitter is built outside a simulation: use simulate(…)")
    connection.world.open_broker(config.get("memory_partitions", PARTITIONS))
    return connection
