"""A service for tests of the kit: without a database or a port, its handlers are what a test makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from dependency_injector import containers, providers

from eventy.app.create import consumer_options, create, create_broker
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.message.context import Context
from eventy.testing.conformance.serializer import JsonSerializer

Then = Callable[[BaseEvent, Context, BaseEventEmitter], Awaitable[None]]


class Notes:
    """What the handlers of a test have been called with; it outlives a crash, as an outside witness does."""

    def __init__(self, then: Mapping[str, Then]) -> None:
        self.then = then
        self.calls: list[tuple[str, int]] = []
        self.going_on = asyncio.Event()

    def attempts(self, name: str) -> list[int]:
        return [attempt for called, attempt in self.calls if called == name]


async def work(event: GenericEvent, context: Context, notes: Notes, event_emitter: BaseEventEmitter) -> None:
    """The handler of commands."""
    notes.calls.append((event.name(), context.attempt))
    if then := notes.then.get(event.name()):
        await then(event, context, event_emitter)


async def view(event: GenericEvent, seen: list[str]) -> None:
    """The handler of what a consumer without a group reads."""
    seen.append(event.name())


class Container(containers.DeclarativeContainer):
    __self__ = providers.Self()
    config = providers.Configuration(strict=True)
    notes = providers.Object(Notes({}))
    seen: providers.Provider[list[str]] = providers.Singleton(list)

    clock = providers.Singleton(Clock)
    registry = providers.Singleton(Registry, providers.List(*(on(f"{name}$", work) for name in ("do", "ping", "pong"))))
    broker = providers.Singleton(create_broker, config.event_consumer, config=config, clock=clock)
    event_serializer = providers.Singleton(JsonSerializer)
    messaging: ClassVar[dict[str, Any]] = {"broker": broker, "serializer": event_serializer, "clock": clock}
    event_emitter = providers.Singleton(create, config.event_emitter, **messaging)
    options = providers.Singleton(consumer_options, config)
    where: ClassVar[dict[str, Any]] = {"event_topics": ["in"], "event_group": "g", "position": "committed"}
    worker = providers.Singleton(create, config.event_consumer, **messaging, **where, options=options)
    app = providers.Singleton(Eventy, container=__self__, components=providers.List(event_emitter, worker))


class WithView(Container):
    """It reads its own events as well."""

    __self__ = providers.Self()
    registry = providers.Singleton(Registry, providers.List(on("do$", work), on("done$", view)))
    where: ClassVar[dict[str, Any]] = {"event_topics": ["out"], "event_group": None, "position": "earliest"}
    viewer = providers.Singleton(
        create, Container.config.event_consumer, **Container.messaging, **where, options=Container.options
    )
    app = providers.Singleton(
        Eventy, container=__self__, components=providers.List(Container.event_emitter, viewer, Container.worker)
    )


def service(kind: type[Container] = Container, then: Mapping[str, Then] | None = None, **settings: Any) -> Any:
    """Return a container whose handlers do something after they have taken note."""
    container = kind()
    container.config.from_dict(Settings(**settings).as_dict())
    container.notes.override(providers.Object(Notes(then or {})))
    return container


def message(name: str = "do", **data: object) -> GenericEvent:
    return GenericEvent(name, data)
