"""What an override that is made while the application runs may hand out or have chosen, and what it may not."""

from __future__ import annotations

import inspect
from typing import Any

from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection.entering import is_entered
from eventy.injection.products import awaitable_in, class_override, unfit, way_in_force


def refuse_unfit(provider: providers.Provider[Any], value: object) -> None:
    """Raise InjectionError for what a placeholder hands on, but isn't of its type: a fake too, as in the library."""
    for one in way_in_force(provider):
        if isinstance(one, providers.Dependency) and not isinstance(value, one.instance_of):
            raise InjectionError(f"its provider {unfit(one, type(value))}")


def refuse_override(provider: providers.Provider[Any], value: object, *, takes_class: bool, entered: bool) -> None:
    """Raise InjectionError for what the start would have refused, had the override been there by then.

    Parameters
        value: what it has handed out.
        takes_class, entered: as the call was compiled.
    """
    if isinstance(value, type) and not takes_class and (mistake := class_override(provider)) is not None:
        raise InjectionError(f"its provider is {mistake}")
    does = "chooses" if provider.last_overriding is None else "is overridden with"
    if not entered and hasattr(type(value), "__aenter__") and is_entered(provider):
        raise InjectionError(
            f"its provider {does} one of an async context manager, a {type(value).__qualname__}, after the start, "
            f"where calls are compiled that enter nothing: override before it, or with what is entered already"
        )
    if inspect.isawaitable(value) and (found := awaitable_in(provider)) is not None:
        if inspect.iscoroutine(value):
            value.close()  # it would warn that nobody has awaited it
        for one in way_in_force(provider):
            one.reset_async_mode()  # else it hands out futures from now on, without the override as well
        raise InjectionError(
            f"its provider {does} {found!r}, which must be awaited: await it first, and override with what it returns"
        )
