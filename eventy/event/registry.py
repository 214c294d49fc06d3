"""Which class and which handlers a message name means: a value, filled by whoever composes the application."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from eventy.errors import RegistryError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.tombstone import Tombstone

HandlerFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Registration:
    """Messages of these names become objects of this class.

    Parameters
        pattern: the full name of a schema, else a regex that `re.match` tries on each of them.
        cls: what the data becomes.
        handlers: functions to call with the event, in this order; none: the class handles its messages itself.
    """

    pattern: str
    cls: type[BaseEvent]
    handlers: tuple[HandlerFunction, ...] = ()

    def __post_init__(self) -> None:
        pattern: object = self.pattern
        if not isinstance(pattern, str):
            raise RegistryError(f"{self.cls!r} is registered for {pattern!r}: expected a schema's name or a regex")
        if not _is_event_class(self.cls):
            raise RegistryError(f"{self.cls!r} is registered for {pattern!r}: expected a subclass of BaseEvent")
        if self.is_for_tombstones and not self.handlers:
            raise RegistryError(_tombstones_by_a_flag(pattern))

    @property
    def is_for_tombstones(self) -> bool:
        """Whether records without a value are meant, and no others."""
        return issubclass(self.cls, Tombstone)

    def matches(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return which of these schema names are meant; a literal name means itself only.

        Raises RegistryError for a pattern that is neither one of the names nor a regex.
        """
        names = tuple(names)
        if self.pattern in names:
            return (self.pattern,)
        try:
            regex = re.compile(self.pattern)
        except re.error as error:
            raise RegistryError(
                f"{self.cls.__qualname__} is registered for {self.pattern!r}, which is neither the name of a schema "
                f"nor a regular expression ({error}): correct it"
            ) from error
        return tuple(name for name in names if regex.match(name))


def on(
    name_or_regex: str, *handlers: HandlerFunction, cls: type[BaseEvent] | None = None, tombstones: bool = False
) -> Registration:
    """Have functions called for messages, one after the other: `async def handler(event, …injected)`.

    Parameters
        name_or_regex: the full name of a schema, else a regex that `re.match` tries on each name.
        cls: what the handlers get; None: GenericEvent.
        tombstones: whether the functions are called with the `Tombstone`s of such names, and nothing else. A
            tombstone's name is its record's `ce_type` header, else that of its topic: `"payments$"` means this topic,
            `"payments"` every topic that begins so.

    Raises RegistryError when there is no handler, or one can't be called, and for a `cls` of tombstones.
    """
    if not handlers:
        raise RegistryError(f"on({name_or_regex!r}) names no handler: pass at least one async function")
    for handler in handlers:
        if not callable(handler):
            raise RegistryError(f"on({name_or_regex!r}): {handler!r} can't be called; pass async functions")
    if tombstones and cls is not None:
        raise RegistryError(
            f"on({name_or_regex!r}, tombstones=True) has cls={cls!r}, but a tombstone has no data to make one of: "
            "leave it out, the handlers get a Tombstone"
        )
    if cls is not None and _is_event_class(cls) and issubclass(cls, Tombstone):
        raise RegistryError(_tombstones_by_a_flag(name_or_regex))
    return Registration(name_or_regex, Tombstone if tombstones else cls or GenericEvent, handlers)


class Registry:
    """The messages of an application, in order: the first registration that matches a name wins.

    Those for tombstones stand apart: iterating, counting and `find` have to do with the others only.

    Parameters
        messages: classes, registered for their own `name()`, and what `on(…)` returns.
    """

    def __init__(self, messages: Iterable[type[BaseEvent] | Registration] = ()) -> None:
        self._registrations: list[Registration] = []
        self._tombstones: list[Registration] = []
        self._names: set[str] = set()
        if not isinstance(messages, Iterable):
            raise RegistryError(f"found {messages!r}, expected a tuple of messages: (CreatePayment,) with its comma")
        for message in messages:
            if isinstance(message, Registration):
                self.add(message)
            else:
                self.add(registration := _by_its_own_name(message))
                self._names.add(registration.pattern)  # a name, whether a schema has it or not

    def add(self, registration: Registration) -> None:
        """Append a registration; those before it win."""
        (self._tombstones if registration.is_for_tombstones else self._registrations).append(registration)

    def know(self, names: Iterable[str]) -> None:
        """Note which schemas there are: a pattern that is the name of one means it alone, as that of a class does."""
        self._names.update(names)

    @property
    def tombstones(self) -> Sequence[Registration]:
        """The registrations for records without a value."""
        return self._tombstones

    def find(self, name: str) -> Registration | None:
        """Return the first registration that is meant by the name of a message, if any is."""
        return self._first(self._registrations, name)

    def find_tombstone(self, name: str) -> Registration | None:
        """Return the first registration that is meant by the name of a tombstone, if any is."""
        return self._first(self._tombstones, name)

    def overtaken(self) -> Iterator[tuple[Registration, Registration]]:
        """Yield each registration that can never be the first that matches, with the one before it that always is.

        Which names two regexes have in common isn't known: only the same one before itself is told.
        """
        for registrations in (self._registrations, self._tombstones):
            for place, one in enumerate(registrations):
                before = next((other for other in registrations[:place] if self._takes_all_of(other, one)), None)
                if before is not None:
                    yield one, before

    def _takes_all_of(self, other: Registration, one: Registration) -> bool:
        is_name = one.pattern in self._names
        return one.pattern == other.pattern or (is_name and one.pattern in other.matches(self._names))

    def _first(self, registrations: Iterable[Registration], name: str) -> Registration | None:
        names = self._names | {name}
        return next((one for one in registrations if name in one.matches(names)), None)

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._registrations)

    def __len__(self) -> int:
        return len(self._registrations)


def _by_its_own_name(cls: type[BaseEvent]) -> Registration:
    if not _is_event_class(cls):
        raise RegistryError(f"{cls!r} isn't a message: list subclasses of BaseEvent or BaseCommand, and on(…)")
    if issubclass(cls, Tombstone):
        raise RegistryError(_tombstones_by_a_flag("name_or_regex"))
    if issubclass(cls, GenericEvent):
        raise RegistryError(f"{cls.__qualname__} has no name of its own: list it as on(name_or_regex, handler)")
    try:
        return Registration(cls.name(), cls)
    except TypeError as error:
        raise RegistryError(f"{cls.__qualname__}.name() can't be called ({error}): make it a @classmethod") from error


def _tombstones_by_a_flag(pattern: object) -> str:
    return f"Tombstone is no class of messages: write on({pattern!r}, handler, tombstones=True)"


def _is_event_class(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, BaseEvent)
