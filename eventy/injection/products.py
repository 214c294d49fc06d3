"""What a provider will hand out, known without calling it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from dependency_injector import providers
from dependency_injector.resources import AsyncResource

from eventy.injection.dependencies import CALLING, dependencies, in_force


def maker(provider: providers.Provider[Any]) -> object:
    """Return the class or function whose result is handed out; None when that isn't known."""
    if isinstance(provider, CALLING):
        return provider.provides
    if isinstance(provider, providers.MethodCaller):  # provider.provided.method.call()
        getter: Any = provider
        method = getter.provides
        if isinstance(method, providers.AttributeGetter):
            instance: Any = method
            owner = made_class(getattr(instance.provides, "provides", None))
            return getattr(owner, str(method.name), None)
    return None


def made_class(provider: object) -> type | None:
    """Return the class of what is handed out; None when that isn't known."""
    if type(provider) is providers.Object:  # its subclasses are configurations and placeholders
        return type(provider.provides) if isinstance(provider.provides, type) else provider.provides.__class__
    if isinstance(provider, CALLING):
        made_by = provider.provides
        return made_by if isinstance(made_by, type) and not isinstance(provider, providers.BaseResource) else None
    return None


def class_itself(provider: providers.Provider[Any]) -> type | None:
    """Return the class that is handed out as it is, not as an instance."""
    if type(provider) is providers.Object and isinstance(provider.provides, type):
        return provider.provides
    return None


def awaitable_in(provider: providers.Provider[Any]) -> providers.Provider[Any] | None:
    """Return what must be awaited before a provider has its object: itself, or a provider that it is built with."""
    return next((found for found in built_with(provider) if must_be_awaited(found)), None)


def must_be_awaited(provider: providers.Provider[Any]) -> bool:
    """Return whether a provider itself hands out something to await."""
    if isinstance(provider, providers.Coroutine):
        return True
    made_by = maker(provider)
    if isinstance(provider, providers.BaseResource):  # enters what it makes, and has functions wrapped for that
        made_by = inspect.unwrap(made_by) if callable(made_by) else made_by
        if isinstance(made_by, type):
            return issubclass(made_by, AsyncResource) or hasattr(made_by, "__aenter__")
    return inspect.iscoroutinefunction(made_by) or inspect.isasyncgenfunction(made_by)


def built_with(provider: providers.Provider[Any], seen: set[int] | None = None) -> Iterator[providers.Provider[Any]]:
    """Yield what is in force of a provider and of all that it calls, each once."""
    provider, seen = in_force(provider), set() if seen is None else seen
    if id(provider) in seen:
        return
    seen.add(id(provider))
    yield provider
    for needed in dependencies(provider):
        yield from built_with(needed, seen)
