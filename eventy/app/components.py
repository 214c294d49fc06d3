"""What can be wrong with the components of an application, each by itself being right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from eventy.consumer.base import BaseEventConsumer
from eventy.http.server import SanicServer
from eventy.words import closest


def consumers_of(components: Iterable[object]) -> Iterator[BaseEventConsumer]:
    """Yield the consumers among components."""
    return (one for one in components if isinstance(one, BaseEventConsumer))


def listed_twice(components: Sequence[Any]) -> Iterator[str]:
    """Yield what is said of components that would be started twice."""
    seen: dict[int, int] = {}
    for component in components:
        seen[id(component)] = seen.get(id(component), 0) + 1
        if seen[id(component)] == 2:  # noqa: PLR2004 - said once
            name = getattr(component, "name", type(component).__qualname__)
            yield f"app: has {name} twice among its components: list it once, it would be started twice"


def forgotten(components: Sequence[Any], unused: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield what is said of consumers and servers that would never be started.

    Parameters
        unused: the singletons that nothing is built with, with what they are called.
    """
    for path, made in unused:
        if isinstance(made, (BaseEventConsumer, SanicServer)) and not any(made is one for one in components):
            yield (
                f"{path}: is a {type(made).__qualname__} that nothing uses, so it would never be started: list it "
                "among the components of app, or take it out of the container"
            )


def without_registry(components: Sequence[Any], names: Iterable[str]) -> Iterator[str]:
    """Yield what is said when there are consumers, but no messages."""
    if "registry" not in names and any(consumers_of(components)):
        yield (
            f"the root container has no provider 'registry'{closest('registry', names)}, so the consumers would find "
            "no handlers: add it, providers.Singleton(Registry, providers.Object(MESSAGES))"
        )
