"""What a provider will hand out, known without calling it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from dependency_injector import providers
from dependency_injector.resources import AsyncResource

from eventy.injection.dependencies import CALLING, PART, Provider, dependencies, last_override, selected

#: What has no product of its own.
HANDING_ON = (providers.Dependency, providers.Selector)


def maker(provider: Provider) -> object:
    """Return the class or function whose result is handed out; None when that isn't known."""
    if isinstance(provider, CALLING):
        return provider.provides
    if isinstance(provider, providers.MethodCaller):  # provider.provided.method.call(), or provider.provided.call()
        getter: Any = provider
        called, name = getter.provides, "__call__"
        if isinstance(called, providers.AttributeGetter):
            attribute: Any = called
            called, name = attribute.provides, str(attribute.name)
        owner = made_class(getattr(called, "provides", None))
        return getattr(owner, name, None)
    return None


def made_class(provider: object) -> type | None:
    """Return the class of what is handed out; None when that isn't known."""
    if type(provider) is providers.Object:  # its subclasses are configurations and containers' placeholders
        return type(provider.provides) if isinstance(provider.provides, type) else provider.provides.__class__
    if isinstance(provider, CALLING):
        made_by = provider.provides
        return made_by if isinstance(made_by, type) and not isinstance(provider, providers.BaseResource) else None
    return None


def class_itself(provider: Provider) -> type | None:
    """Return the class that is handed out as it is, not as an instance."""
    if type(provider) is providers.Object and isinstance(provider.provides, type):
        return provider.provides
    return None


def class_override(provider: Provider) -> str | None:
    """Return what is wrong with a provider that is overridden with a class; None when it isn't."""
    given = class_itself(last_override(provider))
    return None if given is None or class_itself(provider) is not None else f"overridden with {instead_of_class(given)}"


def instead_of_class(given: type) -> str:
    """Return why a class overrides nothing that makes instances, and what does."""
    name = given.__qualname__
    return (
        f"the class {name}, which is handed out as it is, not as an instance: "
        f"override it with providers.Factory({name}) or providers.Object({name}(…))"
    )


def unfit(placeholder: providers.Dependency[Any], made: type) -> str:
    """Return what is wrong with a placeholder that is filled with what makes objects of a class."""
    return (
        f"is a placeholder, of type {placeholder.instance_of.__qualname__}, filled with what makes a "
        f"{made.__qualname__}: fill it with what fits, or correct its instance_of"
    )


def in_force(provider: Provider) -> Provider:
    """Return the provider that answers at this moment, see `way_in_force`."""
    *_, answering = way_in_force(provider)
    return answering


def way_in_force(provider: Provider) -> Iterator[Provider]:
    """Yield a provider and what it leads to at this moment, through overrides, defaults and choices to what answers.

    A selector that can't choose, or chooses in a circle, is told of where it is looked at.
    """
    answering: Provider | None = provider
    passed: set[int] = set()
    while answering is not None and id(answering) not in passed:
        passed.add(id(answering))
        yield answering
        answering = answering.last_overriding or _behind(answering)


def origin_of(provider: Provider) -> Provider:
    """Return the provider whose product one hands on at this moment: what fills a placeholder, what is chosen, itself.

    One that is overridden is still itself: whoever asks for it gets the override's product.
    """
    if not isinstance(provider, HANDING_ON):
        return provider
    return next((one for one in way_in_force(provider) if not isinstance(one, HANDING_ON)), provider)


def whole_of(provider: Provider) -> Provider | None:
    """Return the provider of what has an attribute or an item that one hands on at this moment; None for all others."""
    part: Any = origin_of(provider)
    return part.provides if isinstance(part, PART) and part.last_overriding is None else None


def wholes(provider: Provider) -> Iterator[Provider]:
    """Yield a provider; where it hands on a part of what another one makes, also that one, and so on."""
    whole: Provider | None = provider
    passed: set[int] = set()
    while whole is not None and id(whole) not in passed:  # a circle is told by itself
        passed.add(id(whole))
        yield whole
        whole = whole_of(whole)


def opens(provider: Provider) -> bool:
    """Return whether building a provider would open a resource."""
    return any(isinstance(one, providers.BaseResource) for one in built_with(provider))


def awaitable_in(provider: Provider) -> Provider | None:
    """Return what must be awaited before a provider has its object: itself, or a provider that it is built with."""
    return next((found for found in built_with(provider) if must_be_awaited(found)), None)


def must_be_awaited(provider: Provider) -> bool:
    """Return whether a provider itself hands out something to await."""
    if isinstance(provider, providers.Coroutine):
        return True
    made_by = maker(provider)
    if isinstance(provider, providers.BaseResource):  # enters what it makes, and has functions wrapped for that
        made_by = inspect.unwrap(made_by) if callable(made_by) else made_by
        if isinstance(made_by, type):
            return issubclass(made_by, AsyncResource) or hasattr(made_by, "__aenter__")
    return inspect.iscoroutinefunction(made_by) or inspect.isasyncgenfunction(made_by)


def built_with(provider: Provider) -> Iterator[Provider]:
    """Yield what is called when a provider is: itself first, then all that it needs, each once."""
    return _built_with(provider, set())


def _behind(provider: Provider) -> Provider | None:
    if isinstance(provider, providers.Dependency):
        return provider.default
    if not isinstance(provider, providers.Selector):
        return None
    try:
        return selected(provider)
    except Exception:  # noqa: BLE001  # finding out the choice may raise anything
        return None


def _built_with(provider: Provider, seen: set[int]) -> Iterator[Provider]:
    provider = in_force(provider)
    if id(provider) in seen:
        return
    seen.add(id(provider))
    yield provider
    for needed in dependencies(provider):
        yield from _built_with(needed, seen)
