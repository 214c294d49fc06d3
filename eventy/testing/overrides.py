"""Overrides of providers that end with the test that made them, in the right order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dependency_injector import providers

from eventy.errors import EventyError
from eventy.injection.products import instead_of_class

T = TypeVar("T")

_CONTAINERS = (providers.Container, providers.DependenciesContainer)
# A composition root fills these by overriding them.
_FILLED = (*_CONTAINERS, providers.Dependency, providers.Configuration)
# What they make isn't told by a class or a function.
_NAMELESS = (
    *_FILLED,
    providers.ProvidedInstance,
    providers.AttributeGetter,
    providers.ItemGetter,
    providers.MethodCaller,
)


class OverrideError(EventyError, AssertionError):
    """An override that outlives its test, is left in the wrong order, or can't be made so."""


@contextmanager
def override(provider: providers.Provider[Any], by: T) -> Iterator[T]:
    """Override a provider inside `with`, which gives what it is overridden by.

    `provider.override(…)` does the same, but takes off whichever override is the last when it is left: of two that are
    left in the wrong order, by tasks or fixtures, the first stays active. Here each takes off its own.

    Parameters
        provider: of any container, nested ones too, or an option of the configuration.
        by: a provider, or what is handed out itself.

    Raises OverrideError for what is no provider, for a class, for a whole container, and when it isn't the last
    override on leaving.
    """
    overridden = _root(provider)
    _refuse(overridden, by)
    provider.override(by)
    made = overridden.last_overriding
    try:
        yield by
    except BaseException as error:
        if said := _leave(overridden, made):
            error.add_note(said)
        raise
    if said := _leave(overridden, made):
        raise OverrideError(said)


@contextmanager
def overrides_undone(container: Any) -> Iterator[None]:
    """Undo the overrides that the body makes, of whichever provider of a container, and does not undo itself.

    Parameters
        container: the root container, or the class of one. Nested containers are looked into, and so is its class.

    Raises OverrideError, naming each provider; when the body raises, its error gets that as a note.
    """
    before = Overrides(container)
    try:
        yield
    except BaseException as error:
        if left := before.undo():
            error.add_note(_said(left))
        raise
    if left := before.undo():
        raise OverrideError(_said(left))


class Overrides:
    """The overrides of a container's providers at a moment."""

    def __init__(self, container: Any) -> None:
        self._known = _providers(container)
        self._overriding = [(name, provider, provider.overridden) for name, provider in self._known]

    def undo(self) -> list[str]:
        """Put back what has changed since, and return it, a line for each provider.

        An override that was there and is undone by now stays so, unless it is what the composition root fills a
        configuration or a dependency with.
        """
        ours = {id(provider) for _, provider in self._known}
        said = []
        for name, provider, before in self._overriding:
            now = provider.overridden
            if now == before:
                continue
            if now != before[: len(now)]:
                added = [one for one in now if one not in before] or now[-1:]
                _set(provider, before)
                said.append(f"{name}: overridden by {', '.join(map(_described, added))}")
            elif any(id(lost) in ours for lost in before[len(now) :]):
                _set(provider, before)
                said.append(
                    f"{name}: no longer overridden by what fills it, as leaving an override of a whole container does: "
                    f"override the providers in it one by one"
                )
        return said


def _said(left: list[str]) -> str:
    one = "an override outlives its test; it is undone now, make it"
    several = f"{len(left)} overrides outlive their test; they are undone now, make them"
    lines = "\n".join(f"  {line}" for line in left)
    return f"{one if len(left) == 1 else several} by `with …override(…):`\n{lines}"


def _refuse(provider: Any, by: object) -> None:
    if not isinstance(provider, providers.Provider):
        raise OverrideError(
            f"found {provider!r}, expected the provider that is overridden: override(container.clock, …) for example"
        )
    if isinstance(by, type):
        raise OverrideError(f"{_described(provider)} would be overridden with {instead_of_class(by)}")
    if isinstance(provider, _CONTAINERS):
        raise OverrideError(
            "a whole container would be overridden, and leaving that takes one override off each provider in it, "
            "those by which it is filled as well: override the providers in it one by one"
        )


def _leave(provider: Any, made: Any) -> str | None:
    """Take off an override; return what is wrong with that."""
    now = provider.overridden
    if made not in now:
        return f"the override of {_described(provider)} by {_described(made)} has been undone by somebody else"
    if now[-1] is made:
        provider.reset_last_overriding()
        return None
    index = now.index(made)
    _set(provider, (*now[:index], *now[index + 1 :]))
    return (
        f"overrides of {_described(provider)} are left in the wrong order: that by {_described(made)} before that by "
        f"{_described(now[-1])}, which is the later one and stays active: leave the later one first"
    )


def _root(provider: Any) -> Any:
    """Return what is overridden: of an option of the configuration, the configuration."""
    if isinstance(provider, providers.ConfigurationOption):
        option: Any = provider
        return option._get_root()
    return provider


def _set(provider: Any, overriding: tuple[Any, ...]) -> None:
    """Have exactly these overrides: by the base class, since those of containers and the like change others, too."""
    providers.Provider.reset_override(provider)
    for one in overriding:
        providers.Provider.override(provider, one)
    if isinstance(provider, providers.Configuration):
        provider.reset_cache()


def _providers(container: Any) -> list[tuple[str, Any]]:
    """Return all providers with what to call them: those of the root container, nested ones, and those behind them."""
    found: dict[int, tuple[str, Any]] = {}
    waiting: deque[tuple[str, Any]] = deque([("", container)])
    while waiting:
        path, inside = waiting.popleft()
        if (cls := _class_of(inside)) is not None:
            waiting.append((f"{cls.__name__}.", cls))
        for name, provider in inside.providers.items():
            if id(provider) not in found:
                found[id(provider)] = f"'{path}{name}'", provider
                if isinstance(provider, _CONTAINERS):
                    waiting.append((f"{path}{name}.", provider))
    behind = deque(found.values())
    while behind:
        owner, provider = behind.popleft()
        for one in provider.related:
            if isinstance(one, providers.ConfigurationOption):
                continue  # made anew each time; the configuration is what is overridden
            if id(one) not in found and (one not in provider.overridden or isinstance(provider, _FILLED)):
                found[id(one)] = f"{_described(one)} behind {owner}", one
                behind.append((owner, one))
    return list(found.values())


def _class_of(inside: Any) -> type | None:
    """Return the class that a container is copied from, as later ones will be, with their overrides."""
    if isinstance(inside, providers.DependenciesContainer):
        return None  # it answers to any name
    container = inside.container if isinstance(inside, providers.Container) else inside
    return getattr(container, "declarative_parent", None)


def _described(provider: Any) -> str:
    kind = type(provider).__name__
    if isinstance(provider, _NAMELESS):
        return f"a {kind}"
    made = getattr(provider, "provides", None)
    if type(provider) is providers.Object:
        return f"a {type(made).__qualname__}" if not isinstance(made, type) else f"the class {made.__qualname__}"
    named = getattr(made, "__qualname__", None)
    return f"the {kind} of {named}" if named else f"a {kind}"
