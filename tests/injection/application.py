"""A small application: a root container with one nested."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import containers, providers

from eventy.app.check import build_app
from eventy.app.eventy import Eventy
from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.event.registry import HandlerFunction, Registry, on
from eventy.injection import Call, compile_handler
from eventy.message.context import Context
from eventy.message.record import Header

APP = object()


class Repository:
    """Holds payments."""


class SqlRepository(Repository):
    """Holds them elsewhere."""


class Emitter:
    """Sends."""

    topic = "payment-events"


class PaymentContainer(containers.DeclarativeContainer):
    config = providers.Configuration()
    repository = providers.Singleton(SqlRepository)
    draft = providers.Factory(SqlRepository)
    unfilled: providers.Dependency[Repository] = providers.Dependency(instance_of=Repository)


class ApplicationContainer(containers.DeclarativeContainer):
    config = providers.Configuration(strict=True)
    payment: providers.Container[Any] = providers.Container(PaymentContainer, config=config)
    payment_repository = payment.repository
    event_emitter = providers.Singleton(Emitter)
    draft = providers.Factory(Repository)
    timeout = config.timeout
    placeholder: providers.Dependency[Repository] = providers.Dependency(instance_of=Repository)
    shapes: providers.Aggregate[Repository] = providers.Aggregate(round=draft, square=draft)


class ARecord:
    """A record off no broker."""

    topic, partition, offset, timestamp = "payments", 0, 7, 0
    key: bytes | None = None
    value: bytes | None = b""
    headers: tuple[Header, ...] = (("ce_id", b"m-1"), ("ce_correlationid", b"c-1"))


def a_container() -> Any:
    """Return the application's container. `Any`: an instance has the providers of its class, but not its type."""
    container = ApplicationContainer()
    container.config.from_dict({"timeout": "30", "limits": {"amount": 100}, "nothing": None, "flag": "False"})
    return container


def a_container_with(**more: providers.Provider[Any]) -> Any:
    container = a_container()
    container.set_providers(**more)
    return container


def said_of(handler: Any, container: Any = None, event: type[BaseEvent] = BaseEvent) -> str:
    """Return what is said of a handler that is refused."""
    with pytest.raises(InjectionError) as raised:
        compile_handler(handler, container or a_container(), APP, event)
    return str(raised.value)


async def run(call: Call) -> None:
    await call(BaseEvent({}), Context(ARecord()))


def start(handler: HandlerFunction, container: Any) -> Call:
    """Return the call of a handler, as a start does: what is wrong with its providers is told, then they are built."""
    container.set_provider("registry", providers.Object(Registry([on("a.A", handler, cls=BaseEvent)])))
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container)))
    return compile_handler(handler, container, build_app(container))
