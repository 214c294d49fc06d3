"""What a provider calls before it has its own object, in the order in which that is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, TypeGuard

from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.words import closest, listed

#: What calls something: a class or a function, or another provider.
CALLING = (providers.Factory, providers.BaseSingleton, providers.Callable, providers.BaseResource)
#: Parts of what another provider hands out.
PART = (providers.ProvidedInstance, providers.AttributeGetter, providers.ItemGetter)
#: Parts, and what their calls return. Asking these for an attribute makes one more of them.
OF_INSTANCE = (*PART, providers.MethodCaller)

Provider: TypeAlias = providers.Provider[Any]

_WITH_ATTRIBUTES = (providers.Factory, providers.BaseSingleton)


def dependencies(provider: Provider) -> tuple[Provider, ...]:
    """Return the providers that one calls; what it only hands on (`x.provider`, an aggregate) isn't among them.

    Parameters
        provider: the one in force, see `last_override`.
    """
    return tuple(filter(_is_called, _parts(provider)))


def selected(selector: providers.Selector) -> Provider:
    """Return the provider that a selector chooses.

    Raises InjectionError when it has none such, and whatever finding out the choice raises.
    """
    given: Any = selector
    among, choice = given.providers, given.selector()
    if choice not in among:  # a number isn't the text of it
        raise InjectionError(
            f"chooses {choice!r}{closest(str(choice), among)}, expected one of {listed(among)}: correct the setting"
        )
    return among[choice]  # type: ignore[no-any-return]  # whatever is named so


def mentioned(provider: Provider) -> tuple[Provider, ...]:
    """Return the providers that one may call, those a selector chooses at other times too, or hands on."""
    given: Any = provider
    parts = given.providers.values() if isinstance(provider, providers.Selector) else _parts(provider)
    return tuple(one for part in parts if isinstance(part, providers.Provider) for one in (part, *_handed_on(part)))


def arguments(provider: Provider) -> tuple[Provider, ...]:
    """Return the providers whose products a provider passes to what it calls; those in lists one by one."""
    given: Any = provider
    if not isinstance(provider, (*CALLING, providers.MethodCaller)):
        return ()
    parts = (*given.args, *given.kwargs.values(), *_attributes(given))
    return tuple(one for part in parts if _is_called(part) for one in unfolded(part))


def unfolded(provider: Provider) -> Iterator[Provider]:
    """Yield a provider; of a list, a dictionary or a selector the ones that stand in it."""
    return _unfolded(provider, ())


def holds_providers(value: object) -> bool:
    """Return whether a value is a provider, or a plain list or dictionary with one in it."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(holds_providers, value))
    if isinstance(value, dict):
        return any(map(holds_providers, value.values()))
    return isinstance(value, providers.Provider)


def last_override(provider: Provider) -> Provider:
    """Return the provider that answers at this moment: the last override, else the provider itself.

    Where overrides go round in a circle nobody does, see `circle_of_overrides`.
    """
    *_, last = _overrides(provider)
    return last


def circle_of_overrides(provider: Provider) -> tuple[Provider, ...]:
    """Return a provider, its override, the override of that and so on, up to one that has come before; else nothing."""
    *way, last = _overrides(provider)
    return () if last.last_overriding is None else (*way, last, last.last_overriding)


def filling(provider: Provider) -> Provider | None:
    """Return what fills a placeholder at last; None where nothing does. Any other provider is itself.

    Asked for an attribute, placeholders that fill each other ask each other until the process crashes.
    """
    one: Provider | None = provider
    passed: set[int] = set()
    while isinstance(one, providers.Dependency):
        if id(one) in passed:
            return None
        passed.add(id(one))
        one = one.last_overriding or one.default
    return one


def _overrides(provider: Provider) -> Iterator[Provider]:
    passed: set[int] = set()
    one: Provider | None = provider
    while one is not None and id(one) not in passed:
        passed.add(id(one))
        yield one
        one = one.last_overriding


def _unfolded(provider: Provider, around: tuple[Provider, ...]) -> Iterator[Provider]:
    one: Any = last_override(provider)
    if any(one is other for other in around):  # a circle is told by itself
        return
    if isinstance(one, providers.Selector):
        parts = tuple(_selected(one))[1:]
    elif isinstance(one, (providers.List, providers.Dict)):
        parts = dependencies(one)
    else:
        yield provider
        return
    for part in parts:
        if _is_called(part):
            yield from _unfolded(part, (*around, one))


def _handed_on(part: Provider) -> tuple[Provider, ...]:
    inner: Any = part
    return (inner.provides,) if isinstance(part, providers.Delegate) else ()


def _is_called(part: object) -> TypeGuard[Provider]:
    return isinstance(part, providers.Provider) and not providers.is_delegated(filling(part))


def _attributes(provider: Any) -> Iterable[object]:
    return provider.attributes.values() if isinstance(provider, _WITH_ATTRIBUTES) else ()


def _parts(provider: Any) -> Iterable[object]:
    if isinstance(provider, (*CALLING, providers.MethodCaller)):
        return (provider.provides, *provider.args, *provider.kwargs.values(), *_attributes(provider))
    if isinstance(provider, OF_INSTANCE):
        return (provider.provides,)
    if isinstance(provider, (providers.List, providers.Dict)):
        return provider.args if isinstance(provider, providers.List) else provider.kwargs.values()
    if isinstance(provider, providers.Dependency):
        return (provider.default,)
    return _selected(provider) if isinstance(provider, providers.Selector) else ()


def _selected(selector: providers.Selector) -> tuple[object, object]:
    try:
        return (selector.selector, selected(selector))
    except Exception:  # noqa: BLE001  # whatever it is, it is found where the selector itself is looked at
        return (selector.selector, None)
