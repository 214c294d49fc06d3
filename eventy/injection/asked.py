"""What a handler asks for, parameter by parameter, so that one mistake hides no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dependency_injector.containers import Container

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection.arguments import Provided, ProviderError, resolve
from eventy.injection.dependencies import Provider
from eventy.injection.fit import check_event
from eventy.injection.handlers import OWN
from eventy.injection.signature import Signature, name_of, read_signature, refuse_sync


@dataclass(frozen=True, slots=True)
class Asked:
    """What one handler or route gets from a container, and what stands in the way.

    Parameters
        label: the name of the handler.
        providers: what its parameters get, also where the provider can't be used.
        errors: why other parameters can't be filled.
        doubtful: providers that can't be used, with the reason.
    """

    label: str
    providers: tuple[Provider, ...]
    errors: tuple[InjectionError, ...]
    doubtful: tuple[tuple[Provider, InjectionError], ...] = ()


def asked_by(handler: Callable[..., Any], container: Container, event: type[BaseEvent] = BaseEvent) -> Asked:
    """Return what a handler of messages gets from a container. Nothing is built for that.

    Parameters
        event: the class of what it is called with.
    """
    label = name_of(handler)
    try:
        refuse_sync(handler)
        signature = read_signature(handler, given=("event",))
    except InjectionError as error:
        return Asked(label, (), error.parts)
    try:
        check_event(signature, event, OWN)
    except InjectionError as error:
        return _asked(label, signature, container, error.parts)
    return _asked(label, signature, container)


def asked_by_route(
    handler: Callable[..., Any], container: Container, given: Collection[str], passed: Mapping[str, str]
) -> Asked:
    """Return what a route gets from a container.

    Parameters
        given, passed: see `compile_route`.
    """
    return _asked(name_of(handler), read_signature(handler, given, passed), container)


def provider_of(error: InjectionError) -> Provider | None:
    """Return the provider that is wrong by itself, whoever asks for it; None where the parameter is what is wrong."""
    return error.__cause__.provider if isinstance(error.__cause__, ProviderError) else None


def _asked(label: str, signature: Signature, container: Container, known: Sequence[InjectionError] = ()) -> Asked:
    found: list[Provider] = []
    errors: list[InjectionError] = [*known]
    doubtful: list[tuple[Provider, InjectionError]] = []
    for parameter in signature.parameters:
        try:
            arguments = resolve(replace(signature, parameters=(parameter,)), container, OWN, builds=False)
        except InjectionError as error:
            for part in error.parts:
                if (provider := provider_of(part)) is None:
                    errors.append(part)
                else:
                    found.append(provider)
                    doubtful.append((provider, part))
        else:
            found += [one.source.provider for one in arguments if isinstance(one.source, Provided)]
    return Asked(label, tuple(found), tuple(errors), tuple(doubtful))
