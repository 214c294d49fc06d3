"""What a handler asks for, parameter by parameter, so that one mistake hides no other."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container

from eventy.errors import InjectionError
from eventy.injection.arguments import Provided, ProviderError, resolve
from eventy.injection.handlers import OWN
from eventy.injection.signature import read_signature, refuse_sync


@dataclass(frozen=True, slots=True)
class Asked:
    """Parameters
    label: the name of the handler.
    providers: what its parameters get, also where the provider can't be used.
    errors: why other parameters can't be filled.
    """

    label: str
    providers: tuple[providers.Provider[Any], ...]
    errors: tuple[InjectionError, ...]


def asked_by(handler: Callable[..., Any], container: Container, given: Collection[str] = ("event",)) -> Asked:
    """Return what a handler gets from a container.

    Parameters
        given: what it gets by position before that.
    """
    label = getattr(handler, "__qualname__", None) or repr(handler)
    try:
        if given == ("event",):
            refuse_sync(handler)
        signature = read_signature(handler, given)
    except InjectionError as error:
        return Asked(label, (), error.parts)
    found: list[providers.Provider[Any]] = []
    errors: list[InjectionError] = []
    for parameter in signature.parameters:
        try:
            arguments = resolve(replace(signature, parameters=(parameter,)), container, OWN)
        except InjectionError as error:
            found += [one for part in error.parts if (one := provider_of(part)) is not None]
            errors += [part for part in error.parts if provider_of(part) is None]
        else:
            found += [one.source.provider for one in arguments if isinstance(one.source, Provided)]
    return Asked(label, tuple(found), tuple(errors))


def provider_of(error: InjectionError) -> providers.Provider[Any] | None:
    """Return the provider that is wrong by itself, whoever asks for it; None where the parameter is what is wrong."""
    return error.__cause__.provider if isinstance(error.__cause__, ProviderError) else None
