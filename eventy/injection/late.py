"""What an override that is made while the application runs may hand out or have chosen, and what it may not."""

from __future__ import annotations

import inspect

from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection.dependencies import Provider
from eventy.injection.entering import is_entered
from eventy.injection.paths import name_of
from eventy.injection.products import (
    awaitable_in,
    class_override,
    instead_of_class,
    maker,
    unfit,
    way_in_force,
)


def refuse_override(provider: Provider, value: object, *, takes_class: bool, entered: bool) -> None:
    """Raise InjectionError for what the start would have refused, had the override been there by then.

    Parameters
        value: what it has handed out.
        takes_class, entered: as the call was compiled.
    """
    if not takes_class:
        _refuse_class(provider, value)
    if not entered:
        _refuse_unentered(provider, value)
    _refuse_unawaited(provider, value)
    _refuse_unfit(provider, value)


def _refuse_class(provider: Provider, value: object) -> None:
    if isinstance(value, type) and any(map(class_override, way_in_force(provider))):
        raise InjectionError(f"its provider {_leads_to(provider)} {instead_of_class(value)}")


def _refuse_unentered(provider: Provider, value: object) -> None:
    if hasattr(type(value), "__aenter__") and is_entered(provider):
        raise InjectionError(
            f"its provider {_leads_to(provider)} one of an async context manager, a {type(value).__name__}, after the "
            "start, where calls are compiled that enter nothing: have it so before, or hand out what is entered already"
        )


def _refuse_unawaited(provider: Provider, value: object) -> None:
    if not inspect.isawaitable(value) or (found := awaitable_in(provider)) is None:
        return
    if inspect.iscoroutine(value):
        value.close()  # it would warn that nobody has awaited it
    for one in way_in_force(provider):
        one.reset_async_mode()  # else it hands out futures from now on, without the override as well
    raise InjectionError(
        f"its provider {_leads_to(provider, found)} a {type(found).__name__} of the async {name_of(maker(found))}, "
        "which must be awaited: await it first, and hand out what it returns"
    )


def _refuse_unfit(provider: Provider, value: object) -> None:
    for one in way_in_force(provider):
        if isinstance(one, providers.Dependency) and not isinstance(value, one.instance_of):
            raise InjectionError(f"its provider {unfit(one, type(value))}")


def _leads_to(provider: Provider, end: Provider | None = None) -> str:
    """Return how a provider comes to what answers at this moment: `is filled with a selector, which chooses`.

    Parameters
        end: what answers, or what that is built with; by default the former.
    """
    *before, answering = way_in_force(provider)
    leading = before if end in (None, answering) else [*before, answering]
    if not leading:
        return "makes"
    first, *others = leading
    return _does(first) + "".join(f" a {_kind(one)}, which {_does(one)}" for one in others)


def _does(leading: Provider) -> str:
    if isinstance(leading, providers.Dependency) and not leading.overridden[1:]:  # the first is what fills it
        return "is filled with"
    if leading.last_overriding is not None:
        return "is overridden with"
    return "chooses" if isinstance(leading, providers.Selector) else "is built with"


def _kind(leading: Provider) -> str:
    if isinstance(leading, providers.Dependency):
        return "placeholder"
    return "selector" if isinstance(leading, providers.Selector) else "provider"
