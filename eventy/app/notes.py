"""What is worth a look in an application, though it may be meant so: no mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from inspect import iscoroutinefunction, signature
from typing import Any

from eventy.consumer.base import BaseEventConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.event.registry import Registration, Registry
from eventy.http.server import SanicServer
from eventy.injection.dependencies import Provider, mentioned
from eventy.injection.products import in_force
from eventy.injection.signature import name_of


def overtaken(registry: Registry) -> Iterator[str]:
    """Yield what is said of registrations that never get a message."""
    for registration, before in registry.overtaken():
        yield (
            f"{_shown(registration)} never gets a message: {_shown(before)} stands before it, and the first that "
            "matches a name wins. Put it first, or take one of them out"
        )


def unstarted(
    singletons: Sequence[tuple[str, Provider, object]],
    components: Sequence[object],
    asked: Iterable[Provider],
    app: Iterable[Provider],
) -> Iterator[str]:
    """Yield what is said of singletons that handlers use, and that look as if they had to be started, but aren't.

    What a component or the application is built with may well be started by that.

    Parameters
        singletons: those of the container, with what they are called.
        asked: the providers of what handlers and routes ask for.
        app: the provider of the application, if there is one.
    """
    listed = set(map(id, components))
    used = _behind(asked)
    owned = _behind((*app, *(provider for _, provider, made in singletons if id(made) in listed)))
    for path, provider, made in singletons:
        is_used = id(in_force(provider)) in used and id(in_force(provider)) not in owned
        if is_used and _can_be_started(made):
            yield (
                f"{path}: {type(made).__qualname__} has async start() and stop() as components do, but isn't among "
                "them, and handlers get it: list it among the components of app, unless something else starts it"
            )


def _behind(providers: Iterable[Provider]) -> set[int]:
    """Return providers, and all that they may be built with, by their ids."""
    waiting, seen = list(providers), set()
    while waiting:
        one = in_force(waiting.pop())
        if id(one) not in seen:
            seen.add(id(one))
            waiting += mentioned(one)
    return seen


def _can_be_started(made: object) -> bool:
    return isinstance(made, BaseEventConsumer | SanicServer) or all(
        _is_step(getattr(type(made), name, None)) for name in ("start", "stop")
    )


def _is_step(method: Any) -> bool:
    takes_nothing = iscoroutinefunction(method) and len(signature(method).parameters) == 1
    return takes_nothing and method not in (BaseEventEmitter.start, BaseEventEmitter.stop)  # these have nothing to do


def _shown(registration: Registration) -> str:
    if not registration.handlers:
        return f"{registration.cls.__qualname__}, registered for {registration.pattern!r},"
    handlers = ", ".join(map(name_of, registration.handlers))
    tombstones = ", tombstones=True" if registration.is_for_tombstones else ""
    return f"on({registration.pattern!r}, {handlers}{tombstones})"
