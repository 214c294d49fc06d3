"""What a handler asks for, parameter by parameter, so that one mistake hides no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dependency_injector.containers import Container

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection.arguments import Argument, Provided, refuse_misfit, resolve
from eventy.injection.decorators import check_decorators
from eventy.injection.dependencies import Provider
from eventy.injection.fit import check_event, check_own
from eventy.injection.mistakes import Mistakes
from eventy.injection.products import way_in_force
from eventy.injection.routes import OWN_OF_ROUTES
from eventy.injection.signature import Signature, name_of, read_signature, refuse_sync
from eventy.injection.wiring import Wiring
from eventy.message.context import Context

#: What handlers get by position.
GIVEN = ("event",)
#: What every handler may ask for beside providers, as expressions over the call.
OWN = {"app": "app", "corr_id": "context.corr_id", "context": "context"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What one handler or route gets from a container, and what stands in the way.

    Parameters
        label: the name of the handler.
        signature: None when it can't be read, or is nothing to call.
        arguments: what its parameters get, those that can be filled.
        errors: why others can't be.
    """

    label: str
    signature: Signature | None
    arguments: tuple[Argument, ...]
    errors: tuple[InjectionError, ...]

    @property
    def provided(self) -> Iterator[tuple[Argument, Provided]]:
        """Yield what a provider makes."""
        for argument in self.arguments:
            if isinstance(argument.source, Provided):
                yield argument, argument.source

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers of its parameters."""
        return tuple(source.provider for _, source in self.provided)

    def walk(self, wiring: Wiring) -> None:
        """Look at the providers."""
        for _, source in self.provided:
            wiring.walk(source.provider, asker=self.label, takes_class=source.takes_class)

    def misfits(self, wiring: Wiring) -> Iterator[InjectionError]:
        """Yield what parameters don't take, as it is known once the singletons are built. A fake needn't inherit."""
        if self.signature is None:
            return
        for argument, source in self.provided:
            is_overridden = any(one.last_overriding is not None for one in way_in_force(source.provider))
            if is_overridden or not wiring.is_sound(source.provider):
                continue
            made = wiring.made(source.provider)
            try:
                refuse_misfit(None if made is None else made.__class__, argument.parameter)  # a proxy says whose it is
            except InjectionError as error:
                yield self.signature.mistaken(argument.parameter, error)


def asked_by(handler: Callable[..., Any], container: Container, event: type[BaseEvent] = BaseEvent) -> Asked:
    """Return what a handler of messages gets from a container. Nothing is built for that.

    Parameters
        event: the class of what it is called with.
    """
    label, mistakes = name_of(handler), Mistakes()
    try:
        refuse_sync(handler)
        signature = read_signature(handler, GIVEN)
    except InjectionError as error:
        return Asked(label, None, (), error.parts)
    with mistakes.collected():
        check_event(signature, event, OWN)
    arguments = resolve(signature, container, OWN, mistakes)
    with mistakes.collected():
        if not mistakes.errors:
            check_decorators(signature, arguments, GIVEN)
    return Asked(label, signature, arguments, mistakes.errors)


def asked_by_route(
    handler: Callable[..., Any], container: Container, given: Collection[str], passed: Mapping[str, str]
) -> Asked:
    """Return what a route gets from a container.

    Parameters
        given, passed: see `compile_route`.

    Raises InjectionError when its signature can't be read; what can't be filled is among its errors.
    """
    mistakes = Mistakes()
    signature = read_signature(handler, given, passed)
    arguments = resolve(signature, container, OWN_OF_ROUTES, mistakes)
    return Asked(name_of(handler), signature, arguments, mistakes.errors)


def check_app(asked: Asked, app: object) -> None:
    """Raise InjectionError for a parameter of a handler that is called like what comes with a message but isn't that.

    Parameters
        app: what a parameter called `app` gets.
    """
    if asked.signature is not None:
        check_own(asked.signature, {"app": type(app), "corr_id": str, "context": Context})
