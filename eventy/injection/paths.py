"""What providers are called in messages: the path by which the root container has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container

from eventy.injection.dependencies import CALLING, OF_INSTANCE, last_override
from eventy.injection.lookup import CONFIGURATION
from eventy.injection.products import maker

_PLAIN = (providers.List, providers.Dict, providers.Selector)
_OPTIONS = (providers.Configuration, providers.ConfigurationOption)


class Paths:
    """The names of a container's providers, its own ones before those of the containers in it.

    Parameters
        container: the root container.
    """

    def __init__(self, container: Container) -> None:
        #: Each container with the beginning of its providers' paths, the root first.
        self.containers: list[tuple[str, Container]] = [("", container)]
        self._names: dict[int, str] = {}
        self._kept: list[object] = []  # what is known by its id mustn't go
        self._configurations: dict[int, tuple[str, providers.Configuration]] = {}
        for prefix, one in self.containers:  # it grows meanwhile
            for name, provider in one.providers.items():
                if isinstance(provider, providers.Container):
                    nested: Any = provider.container
                    self.containers.append((f"{prefix}{name}.", nested))
                elif isinstance(provider, _OPTIONS):
                    self._name_options(provider, prefix)
                elif isinstance(provider, providers.DependenciesContainer):
                    for inner, placeholder in provider.providers.items():
                        self._names.setdefault(id(placeholder), f"{prefix}{name}.{inner}")
                self._names.setdefault(id(provider), f"{prefix}{name}")

    def __iter__(self) -> Iterator[tuple[str, providers.Provider[Any]]]:
        """Yield the providers with their paths, those of the root first; each of them once."""
        seen = set()
        for prefix, container in self.containers:
            for name, provider in container.providers.items():
                if id(provider) not in seen and not isinstance(provider, providers.Container):
                    seen.add(id(provider))
                    yield f"{prefix}{name}", provider

    def configuration(self, option: Any) -> tuple[str, object]:
        """Return which container has the configuration of an option, its prefix, and the values in it."""
        option = option.option if isinstance(option, providers.TypedConfigurationOption) else option
        prefix, configuration = self._configurations.get(id(option), ("", None))
        return prefix, configuration() if configuration is not None else None

    def of(self, provider: providers.Provider[Any]) -> str:
        """Return the path of a provider; what has no name is described by what it makes."""
        if isinstance(provider, CONFIGURATION):
            return self._of_option(provider)
        return self._names.get(id(provider)) or self._of_nameless(provider)

    def is_plain(self, provider: providers.Provider[Any]) -> bool:
        """Return whether it is a list, a dictionary or a choice that has no name."""
        return isinstance(provider, _PLAIN) and id(provider) not in self._names

    def _of_option(self, option: Any) -> str:
        if isinstance(option, providers.TypedConfigurationOption):
            return self.of(option.option)
        return self._names.get(id(option)) or str(option.get_name())

    def _name_options(self, option: Any, prefix: str) -> None:
        """Name the settings that a container asks for. One nested in another may have a part of the other's."""
        if id(option) in self._names and not isinstance(option, providers.Configuration):
            return
        given = last_override(option)
        name = given.get_name() if given is not option and isinstance(given, _OPTIONS) else option.get_name()
        self._name_children(option, str(name), (prefix, option))

    def _name_children(self, option: Any, name: str, owner: tuple[str, Any]) -> None:
        for child in option.related:
            if isinstance(child, providers.ConfigurationOption) and id(child) not in self._names:
                self._kept.append(child)
                segment = child.get_name_segments()[-1]
                self._names[id(child)] = path = f"{name}.{segment}"
                self._configurations[id(child)] = owner
                self._name_children(child, path, owner)

    def _of_nameless(self, provider: Any) -> str:
        if isinstance(provider, CALLING):
            made_by = maker(provider)
            shown = self.of(made_by) if isinstance(made_by, providers.Provider) else name_of(made_by)
            return f"{type(provider).__name__}({shown})"
        if isinstance(provider, OF_INSTANCE):
            inner: Any = provider.provides
            return f"{self.of(inner)}{_part(provider)}"
        return type(provider).__name__


def _part(getter: Any) -> str:
    if isinstance(getter, providers.AttributeGetter):
        return f".{getter.name}"
    if isinstance(getter, providers.ItemGetter):
        return f"[{getter.name!r}]"
    return "()" if isinstance(getter, providers.MethodCaller) else ""


def name_of(made_by: object) -> str:
    """Return the name of a class or function."""
    return getattr(made_by, "__qualname__", None) or repr(made_by)
