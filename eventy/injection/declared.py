"""What becomes of a container's declaration without a word: copies of values, providers that were defined again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dependency_injector import providers

from eventy.injection.dependencies import CALLING, dependencies, holds_providers
from eventy.injection.paths import Paths
from eventy.injection.wiring import Flaw


def declaration_flaws(paths: Paths) -> Iterator[Flaw]:
    """Yield what the declarations of all containers have that the containers haven't."""
    for prefix, container in paths.containers:
        if (declared := getattr(container, "declarative_parent", None)) is not None:
            yield from _still_used(prefix, declared)
            yield from _of_a_base(prefix, declared)
            yield from _copies(prefix, declared.providers, container.providers)


def _still_used(prefix: str, declared: Any) -> Iterator[Flaw]:
    """Yield the providers that still use one of a base class, though a subclass defines it again."""
    named = set(map(id, declared.providers.values()))
    for base in declared.__mro__[1:]:
        for name, before in getattr(base, "cls_providers", {}).items():
            now = declared.providers.get(name)
            if now is before:
                continue
            for user, provider in declared.providers.items():
                if provider is not now and _uses(provider, before, named):
                    yield Flaw(
                        (f"{prefix}{user}", f"{base.__name__}.{name}"),
                        f"{declared.__name__} defines {name} again, but {user}, which it inherits, still uses the one "
                        f"of {base.__name__}: define {user} again as well, or put @containers.copy({base.__name__}) "
                        f"above the class",
                    )


def _of_a_base(prefix: str, declared: Any) -> Iterator[Flaw]:
    """Yield the providers that get the class of a container, since `__self__` isn't inherited with them."""
    selves = {id(base.__self__): base for base in declared.__mro__[1:] if getattr(base, "__self__", None) is not None}
    for name, provider in declared.providers.items():
        for needed in dependencies(provider):
            if (base := selves.get(id(needed))) is not None:
                yield Flaw(
                    (f"{prefix}{name}", "__self__"),
                    f"is the class {base.__name__}, not this container: {declared.__name__} inherits {name}, but never "
                    f"__self__. Define {name} there again, with a __self__ = providers.Self() of its own",
                )


def _uses(provider: providers.Provider[Any], wanted: providers.Provider[Any], named: set[int]) -> bool:
    """Return whether one is built with another, by itself or through what has no name of its own."""
    waiting = [*_given(provider)]
    while waiting:
        one = waiting.pop()
        if one is wanted:
            return True
        if id(one) not in named:
            named = {*named, id(one)}
            waiting += dependencies(one)
    return False


def _given(provider: providers.Provider[Any]) -> Iterable[providers.Provider[Any]]:
    """Return what a provider gets; a container gets what stands in for its placeholders."""
    if isinstance(provider, providers.Container):
        inner: Any = provider
        return [one.last_overriding for one in inner.providers.values() if one.last_overriding is not None]
    return dependencies(provider)


def _copies(prefix: str, declared: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Flaw]:
    for name, provider in declared.items():
        ours = made.get(name)
        if type(provider) is not type(ours) or not isinstance(provider, CALLING):
            continue
        for label, before, now in _pairs(provider, ours):
            if now is not before and not holds_providers(before) and not _are_alike(before, now):
                yield Flaw(
                    (f"{prefix}{name}",),
                    f"its {label} is a copy: a container copies the values that it is declared with, and the copy of "
                    f"this {type(before).__name__} isn't equal to it. Pass it as providers.Object(…)",
                )


def _pairs(provider: Any, ours: Any) -> Iterator[tuple[str, object, object]]:
    for position, (before, now) in enumerate(zip(provider.args, ours.args, strict=False), start=1):
        yield f"argument {position}", before, now
    for name, before in provider.kwargs.items():
        yield f"argument {name!r}", before, ours.kwargs.get(name, before)


def _are_alike(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  # an object may compare as it likes
        return True
