"""The rules: where the value of each parameter comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container

from eventy.errors import InjectionError
from eventy.injection.annotations import asked_for, classes, fits
from eventy.injection.entering import is_entered, may_be_entered
from eventy.injection.lookup import CONFIGURATION, by_marker, by_name
from eventy.injection.markers import marker_of
from eventy.injection.mistakes import Mistakes
from eventy.injection.products import HANDING_ON, made_class, wholes
from eventy.injection.signature import Signature


@dataclass(frozen=True, slots=True)
class Provided:
    """Called for each message.

    Parameters
        entered: whether it is an async context manager, open while the handler runs.
        takes_class: whether a class may come instead of an instance.
        whole: what has it as an attribute or an item, which is called instead.
    """

    provider: providers.Provider[Any]
    entered: bool
    takes_class: bool
    whole: Provided | None = None

    @property
    def enters(self) -> bool:
        """Whether anything is entered for it."""
        return self.entered or (self.whole is not None and self.whole.enters)

    @property
    def hands_on(self) -> bool:
        """Whether it is another provider's product, or a part of one: what fills a placeholder, or is chosen."""
        return isinstance(self.provider, HANDING_ON) or (self.whole is not None and self.whole.hands_on)


@dataclass(frozen=True, slots=True)
class Expression:
    """A piece of Python over what the call itself is given."""

    code: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The parameter's own default, passed on because one after it is passed by position."""

    value: object


@dataclass(frozen=True, slots=True)
class Argument:
    """What one parameter gets."""

    parameter: Parameter
    source: Provided | Expression | Kept


def resolve(
    signature: Signature, container: Container, own: Mapping[str, str], mistakes: Mistakes, *, is_async: bool = True
) -> tuple[Argument, ...]:
    """Return what each parameter gets; one that keeps its default isn't listed. Nothing is built for that.

    Parameters
        own: expressions for the names that come with the call (`app`, `corr_id`, …); an empty one: not here.
        mistakes: where errors go, one for each parameter that can't be filled.
        is_async: whether the call is awaited, so that whatever turns out to be a context manager can be entered.
    """
    arguments = []
    for parameter in signature.parameters:
        with mistakes.collected():
            try:
                source = _source(parameter, container, own, is_async)
            except InjectionError as error:
                raise signature.mistaken(parameter, error) from error
            if source is not None:
                arguments.append(Argument(parameter, source))
    return tuple(arguments)


def _source(
    parameter: Parameter, container: Container, own: Mapping[str, str], is_async: bool
) -> Provided | Expression | Kept | None:
    if (marker := marker_of(parameter)) is not None:
        return _provided(by_marker(container, marker), parameter, is_async)
    if parameter.name in own:
        return _own(parameter.name, own)
    if parameter.default is not Parameter.empty:
        return Kept(parameter.default) if parameter.kind is Parameter.POSITIONAL_ONLY else None
    return _provided(by_name(container, parameter.name), parameter, is_async)


def _own(name: str, own: Mapping[str, str]) -> Expression:
    if not own[name]:
        raise InjectionError(f"there is no {name} here, since no message is being handled: take it out")
    return Expression(own[name])


def _provided(provider: providers.Provider[Any], parameter: Parameter, is_async: bool) -> Provided:
    if not is_entered(provider) and provider.last_overriding is None:
        refuse_misfit(made_class(provider), parameter)
    if isinstance(provider, CONFIGURATION):
        _refuse_setting(provider(), parameter)
    takes_class = type in (classes(parameter.annotation) or ())
    _, *behind = wholes(provider)
    whole: Provided | None = None
    for one in reversed(behind):
        whole = Provided(one, _enters(one, is_async), False, whole)
    return Provided(provider, _enters(provider, is_async), takes_class, whole)


def _enters(provider: providers.Provider[Any], is_async: bool) -> bool:
    return is_entered(provider) or (is_async and may_be_entered(provider))


def refuse_misfit(made: type | None, parameter: Parameter) -> None:
    """Raise InjectionError where the class of what a provider makes is known, and isn't what a parameter takes."""
    if made is not None and not _takes(parameter, made):
        raise InjectionError(
            f"its provider makes a {made.__qualname__}, which is no {asked_for(parameter.annotation)}: "
            f"correct the annotation or the container"
        )


def _refuse_setting(value: object, parameter: Parameter) -> None:
    """The library's strict configuration is strict about names alone. The value isn't shown: it may be a secret."""
    if _takes(parameter, type(value)):
        return
    expected = asked_for(parameter.annotation)
    if value is None:
        raise InjectionError(f"the setting has no value, expected {expected}: set it, or write `{expected} | None`")
    raise InjectionError(
        f"the setting is of type {type(value).__qualname__}, which is no {expected}: correct the annotation, "
        f'or have it read, Provide["config.x", as_int()] for example'
    )


def _takes(parameter: Parameter, cls: type) -> bool:
    allowed = None if parameter.annotation is Parameter.empty else classes(parameter.annotation)
    return not allowed or fits(cls, allowed)
