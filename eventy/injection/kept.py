"""What a provider keeps of those that it is built with, however far behind its arguments they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dependency_injector import providers

from eventy.injection.dependencies import CALLING, OF_INSTANCE, Provider, dependencies, last_override

# Keep what they make for one thread or one task.
_OF_ONE_THREAD = (providers.ThreadLocalSingleton, providers.ContextLocalSingleton)
# Make what isn't meant for everybody.
_SHORTER = (providers.Factory, *_OF_ONE_THREAD)
_HELD_IN = (providers.List, providers.Dict, providers.Selector)


def is_shared(one: Provider) -> bool:
    """Return whether a provider keeps one object for everybody."""
    return isinstance(one, providers.BaseSingleton) and not isinstance(one, _OF_ONE_THREAD)


def ways_to_shorter(needed: Provider) -> Iterator[tuple[Provider, ...]]:
    """Yield what leads from an argument to each provider in it whose product is meant for less than everybody.

    It leads through parts of a product, through calls that get it, through lists and choices, and through placeholders
    to what fills them. An override stands for itself: a fake may be made as it likes.
    """
    yield from _ways(needed, ())


def _ways(provider: Provider, before: tuple[Provider, ...]) -> Iterator[tuple[Provider, ...]]:
    if any(provider is one for one in before):  # a circle is told by itself
        return
    way = (*before, provider)
    if isinstance(provider, _SHORTER):
        yield way
        return
    for part in _behind(provider):
        yield from _ways(part, way)


def _behind(provider: Any) -> tuple[Provider, ...]:
    if isinstance(provider, providers.Dependency):
        return tuple(filter(None, (provider.last_overriding or provider.default,)))
    if isinstance(provider, _HELD_IN):
        return dependencies(last_override(provider))
    if is_shared(provider) or provider.last_overriding is not None:
        return ()
    return dependencies(provider) if isinstance(provider, (*CALLING, *OF_INSTANCE)) else ()
