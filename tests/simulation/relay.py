"""A small service in a simulation: it passes on what it gets, once for each message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from dependency_injector import providers

from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.testing.simulation import Simulation
from tests.testing.service import service

MESSAGES = 6

Handler = Callable[..., Awaitable[None]]


def relay_of(handler: Handler, **settings: Any) -> Callable[[], Any]:
    """Return what builds the container of a process whose messages go to a handler."""
    registry = Registry([on(".*", handler)])

    def build() -> Any:
        container = service(**settings)
        container.registry.override(providers.Object(registry))
        return container

    return build


async def pass_on(event: GenericEvent, event_emitter: BaseEventEmitter) -> None:
    """Send what has come."""
    await event_emitter.send(event, "out", key=str(event.data["key"]))


def numbered(number: int) -> BaseEvent:
    return GenericEvent("event", {"n": number, "key": f"k{number % 3}"})


async def at_least_once(simulation: Simulation) -> None:
    await play(simulation, "at_least_once")


async def exactly_once(simulation: Simulation) -> None:
    await play(simulation, "exactly_once")


async def play(simulation: Simulation, delivery: str, handler: Handler = pass_on) -> None:
    """Have messages of some keys passed on by some processes."""
    process = relay_of(
        handler,
        consumer_delivery=delivery,
        consumer_concurrency=simulation.random.choice((1, 3)),
        consumer_retry_interval=100,
        memory_partitions=simulation.random.choice((1, 2)),
    )
    await simulation.start(process, processes=simulation.random.choice((1, 2)))
    for number in range(MESSAGES):
        event = numbered(number)
        await simulation.send(event, "in", key=event.data["key"])
        await simulation.clock.sleep(simulation.random.choice((0, 0, 0.01, 1)))
    await simulation.settled()
