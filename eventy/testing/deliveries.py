"""Stands between the consumers and the handlers of an application: knows what runs, and has fail what shall."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from eventy.errors import UnknownNameError
from eventy.event.base import BaseEvent
from eventy.event.registry import HandlerFunction, Registration, Registry
from eventy.event.tombstone import Tombstone
from eventy.handler.attempt import Deliver, Disposition
from eventy.message.context import Context
from eventy.testing.errors import HarnessError
from eventy.words import closest

#: A class of messages, a function of `on(…)`, or the name of a message.
Handler = type[BaseEvent] | HandlerFunction | str


@dataclass(frozen=True, slots=True)
class Running:
    """An event that is with its handlers, since when by the real clock (s), and which attempt it is."""

    event: BaseEvent
    handlers: str
    attempt: int
    since: float


@dataclass(slots=True)
class Fault:
    """What `fail_next` has asked for; `left` is how often it will still happen."""

    handler: Handler
    error: BaseException | type[BaseException]
    left: int
    after: bool

    def __post_init__(self) -> None:
        kind = self.error if isinstance(self.error, type) else type(self.error)
        if not issubclass(kind, BaseException):
            raise HarnessError(f"what attempts are to raise is {self.error!r}, expected an error or a class of errors")
        if self.left < 1:
            raise HarnessError(f"{self.left!r} attempts are to fail, expected at least 1")

    def means(self, event: BaseEvent, handlers: Iterable[HandlerFunction]) -> bool:
        """Return whether an event is to fail."""
        if not self.left:
            return False
        if isinstance(self.handler, str):
            return event.name() == self.handler
        if isinstance(self.handler, type):
            return isinstance(event, self.handler)
        return self.handler in handlers


class Deliveries:
    """What is delivered by one application.

    Parameters
        registry: which handlers there are for what.
    """

    def __init__(self, registry: Registry) -> None:
        self.running: dict[asyncio.Task[Any] | None, Running] = {}
        #: How often messages were delivered, by their names.
        self.counts: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self._registry = registry

    def through(self, deliver: Deliver) -> Deliver:
        """Return what consumers deliver to instead."""

        async def delivered(event: BaseEvent, context: Context) -> Disposition | None:
            name, task, registration = event.name(), asyncio.current_task(), self._registration(event)
            self.counts[name] += 1
            self.running[task] = Running(event, _handlers(event, registration), context.attempt, time.monotonic())
            handlers = registration.handlers if registration is not None else ()
            fault = next((fault for fault in self.faults if fault.means(event, handlers)), None)
            try:
                if fault is not None:
                    fault.left -= 1
                    if fault.after:
                        await deliver(event, context)
                    raise fault.error
                return await deliver(event, context)
            finally:
                del self.running[task]

        return delivered

    def _registration(self, event: BaseEvent) -> Registration | None:
        find = self._registry.find_tombstone if isinstance(event, Tombstone) else self._registry.find
        return find(event.name())

    def fail(self, fault: Fault) -> None:
        """Have something fail from now on. Raises UnknownNameError for what no message is delivered to."""
        registrations = [*self._registry, *self._registry.tombstones]
        handler = fault.handler
        if isinstance(handler, str):
            is_known = any(find(handler) for find in (self._registry.find, self._registry.find_tombstone))
        elif isinstance(handler, type):
            is_known = any(issubclass(one.cls, handler) for one in registrations)
        else:
            is_known = any(handler in one.handlers for one in registrations)
        if not is_known:
            raise UnknownNameError(_unknown(handler, registrations))
        self.faults.append(fault)


def _unknown(handler: Handler, registrations: Iterable[Registration]) -> str:
    known = {text for one in registrations for text in (one.pattern, _of_class(one), *map(_named, one.handlers))}
    wanted = handler if isinstance(handler, str) else _named(handler)
    return (
        f"nothing is registered for {wanted!r}{closest(wanted, sorted(known))}, so it never fails: expected a class "
        "among the messages, a function of on(…), or the name of a message"
    )


def _of_class(registration: Registration) -> str:
    return registration.cls.__qualname__


def _named(handler: object) -> str:
    return str(getattr(handler, "__qualname__", handler))


def _handlers(event: BaseEvent, registration: Registration | None) -> str:
    """Return the names of an event's handlers."""
    if registration is None:
        return "no handler"
    return ", ".join(map(_named, registration.handlers)) or type(event).__qualname__
