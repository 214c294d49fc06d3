"""Finds providers: by the name of a parameter in the root container, by a marker's path anywhere."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container
from dependency_injector.errors import Error
from dependency_injector.wiring import InvariantModifier, TypeModifier

from eventy.errors import InjectionError
from eventy.injection.dependencies import OF_INSTANCE, filling
from eventy.injection.markers import Marker
from eventy.words import closest, listed

#: Providers of settings.
CONFIGURATION = (providers.Configuration, providers.ConfigurationOption, providers.TypedConfigurationOption)
# What a parameter never gets just because it has the same name.
_ONLY_MARKED: tuple[tuple[tuple[type, ...], str], ...] = (
    (CONFIGURATION, "configuration"),
    ((providers.Container, providers.DependenciesContainer), "a container"),
    ((providers.Aggregate,), "an aggregate of providers"),
)


def by_name(container: Container, name: str) -> providers.Provider[Any]:
    """Return the provider that a parameter without a marker gets.

    Raises InjectionError when the root container has none of this name, or one that must be marked.
    """
    provider = container.providers.get(name)
    if provider is None:
        raise InjectionError(
            f"the root container has no provider {name!r}{closest(name, container.providers)}: "
            f'add it there, mark the parameter with Provide["name"], or give it a default'
        )
    for types, what in _ONLY_MARKED:
        if isinstance(provider, types):
            example = "config.x" if isinstance(provider, CONFIGURATION) else f"{name}.x"
            raise InjectionError(
                f'{name!r} is {what}, which is never injected by name: mark the parameter with Provide["{example}"]'
            )
    _refuse_unfilled(provider, repr(name))
    return provider


def by_marker(container: Container, marker: Marker) -> providers.Provider[Any]:
    """Return the provider that a marker names.

    Raises InjectionError when there is none, it is an unfilled placeholder, or the configuration has no such key.
    """
    provider: Any = None
    walked: list[str] = []
    for segment in marker.provider.split("."):
        provider = _step(container if provider is None else provider, segment, walked, marker)
        walked.append(segment)
    _refuse_unfilled(provider, repr(marker))
    if isinstance(provider, providers.Aggregate):
        raise InjectionError(f"{marker!r} is an aggregate of {listed(provider.providers)}: name one of them")
    if isinstance(marker.modifier, InvariantModifier):
        raise InjectionError(f"{marker!r} depends on another provider: use a Selector in the container")
    modified: providers.Provider[Any] = provider if marker.modifier is None else _modified(provider, marker)
    return _readable(modified, marker) if isinstance(modified, CONFIGURATION) else modified


def empty(path: str) -> str:
    """Return what is said of a configuration that nothing fills.

    Parameters
        path: what the root container calls it.
    """
    container, _, name = path.rpartition(".")
    if container:
        return f"the configuration of {container} is empty: pass it one, providers.Container(…, config=config)"
    return f"{name} is empty: fill it, {name}.from_dict(load_settings().as_dict()) for example"


def _refuse_unfilled(provider: providers.Provider[Any], named: str) -> None:
    if isinstance(provider, providers.Dependency) and not provider.is_defined:
        raise InjectionError(f"{named} is a dependency that nothing fills: pass it to its container")


def _step(provider: Any, segment: str, walked: list[str], marker: Marker) -> Any:
    if isinstance(provider, (providers.Configuration, providers.ConfigurationOption)):
        return _key(provider, segment, walked)
    if isinstance(provider, OF_INSTANCE):
        return _attribute(provider, segment, marker)
    among: dict[str, Any] = getattr(filling(provider), "providers", {})
    if segment in among:
        return among[segment]
    if segment == "provided" and walked:
        return provider.provided
    place = ".".join(walked)
    raise InjectionError(
        f"{f'{place!r}' if place else 'the root container'} has no provider {segment!r}{closest(segment, among)}: "
        f"correct the marker or add the provider"
    )


def _attribute(part: Any, name: str, marker: Marker) -> Any:
    if name.isidentifier():
        return providers.AttributeGetter(part, name)  # by getattr, `name` and `call` would be its own
    instead = "correct the marker"
    if "(" in name or "[" in name:
        whole, _, parts = marker.provider.partition(".provided.")
        instead = (
            f'calls and items are written Provide["{whole}", provided().{parts}], with `provided` of '
            "dependency_injector.wiring"
        )
    raise InjectionError(f"{marker!r} has {name!r} behind `provided`, expected the name of an attribute: {instead}")


def _key(configuration: Any, key: str, walked: list[str]) -> Any:
    values = configuration()
    if not values and isinstance(configuration, providers.Configuration):
        raise InjectionError(empty(".".join(walked)))
    if isinstance(values, dict) and key not in values:
        raise InjectionError(f"{'.'.join(walked)!r} has no value {key!r}{closest(key, values)}: correct the marker")
    return configuration.__getattr__(key)  # by getattr, keys such as `get` and `update` would be its methods


def _modified(provider: Any, marker: Marker) -> Any:
    modifier: Any = marker.modifier
    if isinstance(modifier, TypeModifier) and modifier.type_ is bool:
        raise InjectionError(
            f'{marker!r}: as_(bool) makes True of any text, "False" too: leave it out, the settings have truth values'
        )
    try:
        return modifier.modify(provider, providers_map=None)
    except AttributeError as error:
        raise InjectionError(f"{marker!r}: {modifier!r} is for configuration only: leave it out") from error


def _readable(option: Any, marker: Marker) -> Any:
    try:
        option()
    except (Error, TypeError, ValueError) as error:
        raise InjectionError(f"{marker!r} can't be read ({error}): correct the marker or the setting") from error
    return option
