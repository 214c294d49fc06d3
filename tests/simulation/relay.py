"""A small service in a simulation: it passes on what it gets, once for each message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from dependency_injector import containers, providers

from eventy.app.create import consumer_options, create, create_broker
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.testing.conformance.serializer import JsonSerializer
from eventy.testing.simulation import Simulation

MESSAGES = 6

Handler = Callable[..., Awaitable[None]]


class RelayContainer(containers.DeclarativeContainer):
    """One consumer and one emitter; the registry is given."""

    __self__ = providers.Self()
    config = providers.Configuration(strict=True)
    clock = providers.Singleton(Clock)
    registry: providers.Provider[Registry] = providers.Dependency(instance_of=Registry)
    broker = providers.Singleton(create_broker, config.event_consumer, config=config, clock=clock)
    event_serializer = providers.Singleton(JsonSerializer)
    event_emitter = providers.Singleton(
        create, config.event_emitter, broker=broker, serializer=event_serializer, clock=clock
    )
    consumer = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=event_serializer,
        clock=clock,
        options=providers.Singleton(consumer_options, config),
        event_topics=["in"],
        event_group="relay",
        position="committed",
    )
    app = providers.Singleton(Eventy, container=__self__, components=providers.List(event_emitter, consumer))


def relay_of(handler: Handler, settings: Settings) -> Callable[[], RelayContainer]:
    """Return what builds the container of a process whose messages go to a handler."""
    registry = Registry([on(".*", handler)])

    def build() -> RelayContainer:
        container = RelayContainer(registry=providers.Object(registry))
        container.config.from_dict(asdict(settings))
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
    settings = Settings(
        consumer_delivery=delivery,
        consumer_concurrency=simulation.random.choice((1, 3)),
        consumer_retry_interval=100,
        memory_partitions=simulation.random.choice((1, 2)),
    )
    await simulation.start(relay_of(handler, settings), processes=simulation.random.choice((1, 2)))
    for number in range(MESSAGES):
        event = numbered(number)
        await simulation.send(event, "in", key=event.data["key"])
        await simulation.clock.sleep(simulation.random.choice((0, 0, 0.01, 1)))
    await simulation.settled()
