"""Singletons that handlers ask for are built at the start: what can't be built, or isn't what was meant, shows then."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from dependency_injector import providers

from eventy.errors import EventyError, InjectionError
from eventy.injection.products import built_with, cycle_in, in_force, maker
from eventy.words import described

_ABSTRACT = (providers.AbstractFactory, providers.AbstractSingleton, providers.AbstractCallable)


def built(provider: providers.Provider[Any]) -> object | None:
    """Return the object of a singleton; None for what is made anew for each message. What it needs is built as well.

    The library doesn't guard a singleton against being built by several threads; here it is built by one of them.

    Raises InjectionError when one can't be built, and the errors of eventy that its class raises.
    """
    _check_cycle(provider)
    answering = in_force(provider)
    for needed in reversed(list(built_with(provider))):  # so that the one is named which is to blame
        if needed is not answering:
            with _told_of(needed):
                _built(needed)
    return _built(answering)


def _built(provider: providers.Provider[Any]) -> object | None:
    check_attribute(provider)
    _check_arguments(provider)
    if not isinstance(provider, providers.BaseSingleton) or opens(provider):
        return None
    try:
        made: object = provider()
    except EventyError:
        raise
    except Exception as error:
        raise InjectionError(f"its provider can't make it ({described(error)}): correct the container") from error
    if asyncio.isfuture(made):  # the library makes one of a coroutine
        raise InjectionError("its provider makes something to await, which nobody does: let it make the object itself")
    return made


def opens(provider: providers.Provider[Any]) -> bool:
    """Return whether building a provider would open a resource, which waits until somebody needs it."""
    return any(isinstance(one, providers.BaseResource) for one in built_with(provider))


@contextmanager
def _told_of(needed: providers.Provider[Any]) -> Iterator[None]:
    try:
        yield
    except InjectionError as error:
        raise InjectionError(f"its provider needs {_name(needed)}: {error}") from error


def _name(provider: providers.Provider[Any]) -> str:
    return str(getattr(maker(provider), "__qualname__", type(provider).__name__))


def _check_cycle(provider: providers.Provider[Any]) -> None:
    """Raise InjectionError for a provider that needs itself: calling it could end the interpreter."""
    if cycle := cycle_in(provider):
        path = " -> ".join(map(_name, (*cycle, cycle[0])))
        raise InjectionError(f"its provider needs itself, {path}: break the cycle")


def _check_arguments(provider: Any) -> None:
    """Raise InjectionError for a factory whose class doesn't take what it is given; it is called by messages only."""
    if isinstance(provider, _ABSTRACT):
        raise InjectionError(
            "its provider is abstract, and nothing overrides it: override it with one that makes something"
        )
    if not isinstance(provider, providers.Factory):
        return
    made_by: Any = provider.provides
    try:
        signature = inspect.signature(made_by)
    except (TypeError, ValueError):  # of something built in, whose signature nobody knows
        return
    try:
        signature.bind(*provider.args, **provider.kwargs)
    except TypeError as error:
        name = getattr(made_by, "__qualname__", made_by)
        raise InjectionError(f"its provider can't make it ({name}: {error}): correct the container") from error


def check_attribute(provider: Any) -> None:
    """Raise InjectionError for an attribute of a singleton, or a method that is called, which it doesn't have."""
    if isinstance(provider, providers.MethodCaller):
        provider = provider.provides
    getter: Any = provider
    if not isinstance(getter, providers.AttributeGetter) or getter.last_overriding is not None:
        return
    owner: Any = getter.provides
    if type(owner) is not providers.ProvidedInstance or owner.last_overriding is not None:
        return
    singleton: Any = owner.provides
    made, name = built(singleton), str(getter.name)
    if made is None or _has(made, name):
        return
    close = get_close_matches(name, dir(made), n=1)
    hint = f" (closest: {close[0]!r})" if close else ""
    raise InjectionError(
        f"a {type(made).__qualname__} has no attribute {name!r}{hint}: correct the name; "
        f"what start() gives its value, __init__ sets to None"
    )


def _has(made: object, name: str) -> bool:
    """Return whether an object has an attribute, without having a property computed."""
    if hasattr(type(made), "__getattr__"):
        return True
    try:
        inspect.getattr_static(made, name)
    except AttributeError:
        return any(name in vars(cls).get("__annotations__", {}) for cls in type(made).__mro__)
    return True
