"""Finds the handlers of an event and calls them: what a consumer delivers to."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from functools import lru_cache

from eventy.command.base import BaseCommand
from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import HandlerFunction, Registration, Registry
from eventy.event.tombstone import Tombstone
from eventy.handler.attempt import Deliver, Disposition
from eventy.injection import Call, Container, Mistakes, compile_handlers, refuse_unbound
from eventy.message.context import Context

logger = logging.getLogger(__name__)

# Names that are remembered. Messages that carry their schema may have any number of them.
_REMEMBERED_NAMES = 1024


class Dispatcher:
    """Calls the handlers of each event. Built once, at start: it compiles all of them.

    Parameters
        registry: the messages of the application; the first registration that matches a name wins.
        container: the root container, where the handlers' parameters come from.
        app: the application, which a parameter called `app` gets.

    Raises InjectionError, naming every parameter of every handler that can't be filled, and RegistryError for a
    pattern that is no regular expression.
    """

    def __init__(self, registry: Registry, container: Container, app: object) -> None:
        compiled = _compiled(registry, container, app)
        self._registry = registry
        self._calls = {id(registration): call for registration, _, call in compiled}  # handlers needn't be hashable
        self._by_class: dict[type[BaseEvent], Deliver] = {}
        for registration, handlers, call in compiled:
            alike = all(_are_same(others, handlers) for other, others, _ in compiled if other.cls is registration.cls)
            if alike and registration.cls is not GenericEvent:  # any message without a class of its own is one
                self._by_class[registration.cls] = call
        self._by_class[Tombstone] = self._bury
        self._by_name = lru_cache(maxsize=_REMEMBERED_NAMES)(self._find)
        self._of_tombstone = lru_cache(maxsize=_REMEMBERED_NAMES)(self._find_for_tombstone)

    def deliver(self, event: BaseEvent, context: Context) -> Awaitable[Disposition | None]:
        """Call the handlers of an event, one after the other; there may be none. Raises what they raise."""
        call = self._by_class.get(type(event)) or self._by_name(event.name())
        return call(event, context)

    def _bury(self, event: BaseEvent, context: Context) -> Awaitable[Disposition | None]:
        return self._of_tombstone(event.name())(event, context)

    def _find(self, name: str) -> Deliver:
        registration = self._registry.find(name)
        if registration is not None:
            return self._calls[id(registration)]
        logger.info("nothing is registered for %s: its messages are passed over", name)
        return _nothing

    def _find_for_tombstone(self, name: str) -> Deliver:
        registration = self._registry.find_tombstone(name)
        if registration is not None:
            return self._calls[id(registration)]
        logger.info("nothing is registered for tombstones of %s: they are passed over", name)
        return _nothing


def _are_same(some: Sequence[HandlerFunction], others: Sequence[HandlerFunction]) -> bool:
    """Return whether the same handlers are called: objects may be equal, and each have its own state."""
    return [*map(id, some)] == [*map(id, others)]


def _compiled(
    registry: Registry, container: Container, app: object
) -> list[tuple[Registration, tuple[HandlerFunction, ...], Call]]:
    mistakes = Mistakes()
    compiled = []
    for registration in (*registry, *registry.tombstones):
        with mistakes.collected():
            registration.matches(())  # a pattern that can't be compiled is a mistake of the start
            handlers = handlers_of(registration)
            compiled.append((registration, handlers, compile_handlers(handlers, container, app, registration.cls)))
    mistakes.raise_any()
    return compiled


def handlers_of(registration: Registration) -> tuple[HandlerFunction, ...]:
    """Return what is called for the messages of a registration. Raises InjectionError for a class that handles none."""
    return registration.handlers or (_own_handler(registration),)


def _own_handler(registration: Registration) -> HandlerFunction:
    cls = registration.cls
    refuse_unbound(cls, "execute" if issubclass(cls, BaseCommand) else "handle")
    if not issubclass(cls, BaseCommand):
        return cls.handle
    if cls.execute is BaseCommand.execute:
        raise InjectionError(
            f"{cls.__module__}.{cls.__qualname__}, registered for {registration.pattern!r}, has no execute(): "
            f"define `async def execute(self, …)`, or register functions for it with on(…)"
        )
    return cls.execute


async def _nothing(event: BaseEvent, context: Context) -> Disposition:
    """Handle an event that nobody is registered for."""
    return Disposition.PASSED_OVER
