"""The messages that an application handles, found without a start: also those beside one that can't be registered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dependency_injector.providers import Object

from eventy.errors import ConfigurationError, RegistryError
from eventy.event.registry import Registry
from eventy.injection import Container
from eventy.injection.dependencies import CALLING
from eventy.injection.singletons import build, build_one, may_be_built
from eventy.injection.wiring import Wiring


@dataclass(slots=True)
class Registered:
    """The registry of a container, an empty one where there is none, and what is wrong with it."""

    registry: Registry = field(default_factory=Registry)
    errors: list[ConfigurationError] = field(default_factory=list)

    @classmethod
    def of(cls, container: Container, wiring: Wiring, *, opens_resources: bool) -> Registered:
        """Build the registry of a container, and what it needs. What keeps it from being built is added to the flaws.

        Parameters
            opens_resources: whether one that is built with a resource is built.
        """
        found = cls()
        provider = container.providers.get("registry")
        if provider is None:
            return found
        wiring.walk(provider)
        build(wiring, opens_resources=opens_resources)
        if may_be_built(wiring, provider, opens_resources=opens_resources):
            made = build_one(wiring, provider, ("registry",))
            if wiring.is_sound(provider):
                found._take(made)
        for flaw in wiring.flaws:
            if isinstance(flaw.error, RegistryError):
                found._take_those_that_can(provider, flaw.text)
        return found

    def _take(self, made: object) -> None:
        if isinstance(made, Registry):
            self.registry = made
        else:
            text = f"registry: makes a {type(made).__qualname__}, expected an eventy.event.registry.Registry"
            self.errors.append(ConfigurationError(text))

    def _take_those_that_can(self, provider: Any, known: str) -> None:
        """Take the messages that can be registered, though another one can't."""
        messages = provider.args[0] if isinstance(provider, CALLING) and provider.args else None
        if type(messages) is not Object or not isinstance(messages.provides, Iterable):
            return
        for message in messages.provides:
            try:
                one = Registry((message,))
            except RegistryError as error:
                if str(error) != known:
                    self.errors.append(error)
            else:
                for registration in (*one, *one.tombstones):
                    self.registry.add(registration)
