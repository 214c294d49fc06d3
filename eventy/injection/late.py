"""What an override that is made while the application runs may hand out, and what it may not."""

from __future__ import annotations

import inspect
from typing import Any

from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection.entering import is_entered
from eventy.injection.products import awaitable_in, class_override


def refuse_override(provider: providers.Provider[Any], value: object, *, takes_class: bool, entered: bool) -> None:
    """Raise InjectionError for what the start would have refused, had the provider been overridden by then.

    Parameters
        value: what it has handed out.
        takes_class, entered: as the call was compiled.
    """
    if isinstance(value, type) and not takes_class and (mistake := class_override(provider)) is not None:
        raise InjectionError(f"its provider is {mistake}")
    if not entered and hasattr(type(value), "__aenter__") and is_entered(provider):
        raise InjectionError(
            f"its provider is overridden with one of an async context manager, a {type(value).__qualname__}, after the "
            f"start, where calls are compiled that enter nothing: override it before, or with what is entered already"
        )
    if inspect.isawaitable(value) and (found := awaitable_in(provider)) is not None:
        if inspect.iscoroutine(value):
            value.close()  # it would warn that nobody has awaited it
        provider.reset_async_mode()  # else it hands out futures from now on, without the override as well
        raise InjectionError(
            f"its provider is overridden with {found!r}, which must be awaited: await it first, and override with "
            f"what it returns"
        )
