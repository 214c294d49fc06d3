"""Rules for a provider, and for one that is built with another: what breaks them is told before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection.annotations import classes, fits, shown
from eventy.injection.dependencies import CALLING, holds_providers, last_override, selected
from eventy.injection.entering import is_entered
from eventy.injection.kept import is_shared
from eventy.injection.lookup import CONFIGURATION
from eventy.injection.parameters import parameters_of
from eventy.injection.paths import Paths, name_of
from eventy.injection.products import class_override, in_force, made_class, maker, must_be_awaited, unfit

#: Nothing is made by these before they are overridden.
ABSTRACT = (providers.AbstractFactory, providers.AbstractSingleton, providers.AbstractCallable)


def of_provider(one: providers.Provider[Any], paths: Paths) -> Iterator[str]:
    """Yield what is wrong with a provider by itself.

    Parameters
        one: the provider in force.
    """
    if isinstance(one, ABSTRACT):
        yield f"is abstract, providers.{type(one).__name__}: override it, or make it a concrete one"
    elif isinstance(one, providers.Dependency) and not one.is_defined:
        yield f"is a placeholder, of type {name_of(one.instance_of)}, that nothing fills: pass one to its container"
    elif isinstance(one, CALLING) and isinstance(one.provides, CONFIGURATION):
        option, kind = paths.of(one.provides), type(one).__name__
        yield (
            f"takes its class from {option}, but a path in the settings is only a text, and is handed out as such: "
            f"write providers.{kind}(create, {option}, …), with `create` of eventy.app.create"
        )
    elif is_shared(one) and must_be_awaited(one):
        yield (
            f"is a singleton of the async {name_of(maker(one))}, so it hands out a Future: make the object without "
            "`await`, and open it in its async start(), as a component"
        )
    elif isinstance(one, providers.Selector):
        yield from _of_selector(one)
    elif isinstance(one, CALLING):
        yield from _of_literals(one)


def of_placeholder(placeholder: providers.Provider[Any]) -> Iterator[str]:
    """Yield why a placeholder can't hand out what fills it: the library compares each object, a fake too."""
    if not isinstance(placeholder, providers.Dependency):
        return
    made = made_class(in_force(placeholder))
    if made is not None and not fits(made, (placeholder.instance_of,)):
        yield unfit(placeholder, made)


def of_needed(needed: providers.Provider[Any]) -> Iterator[str]:
    """Yield why nobody can be given what a provider makes."""
    answering = last_override(needed)
    if must_be_awaited(answering) and not is_shared(answering):  # a singleton is told about by itself
        yield (
            f"must be awaited, as a {type(answering).__name__} of the async {name_of(maker(answering))}: whoever asks "
            "for it would get a Future or a coroutine. Make it a component with async start() and stop()"
        )


def of_override(needed: providers.Provider[Any]) -> Iterator[str]:
    """Yield why an override doesn't do what it is meant for."""
    if (mistake := class_override(needed)) is not None:
        yield f"is {mistake}"


def of_opened(owner: str, needed: providers.Provider[Any], name: str) -> Iterator[str]:
    """Yield why what must be entered can't be a part of what another provider makes.

    Parameters
        owner: what the other one is called.
        needed, name: the provider, and what it is called.
    """
    if is_entered(needed) and not must_be_awaited(last_override(needed)):
        yield (
            f"is an async context manager. Only parameters of handlers and routes are entered, {owner} would get it "
            f"unopened: have the handler ask for {name} and pass on what it gives, or let {owner} take the provider "
            "itself (write .provider after it) and enter what that makes"
        )


def of_kept(owner: str, shorter: providers.Provider[Any], name: str) -> Iterator[str]:
    """Yield why a singleton mustn't keep what lives shorter; what can't be used at all is told by other rules.

    Parameters
        owner: what the singleton is called.
        shorter, name: the provider, and what it is called.
    """
    if not is_entered(shorter) and not must_be_awaited(last_override(shorter)):
        yield (
            f"is a {type(shorter).__name__}, but the singleton {owner} keeps what it gets for ever, for all messages "
            f"alike: make {name} a Singleton, or let {owner} take the provider itself (write .provider after it) and "
            "call that for each use"
        )


def expects_class(one: providers.Provider[Any], needed: providers.Provider[Any]) -> bool:
    """Return whether a class is expected rather than an instance."""
    return any(type in (classes(parameter.annotation) or ()) for parameter in parameters_of(one, needed))


def _of_literals(one: Any) -> Iterator[str]:
    given = {**{str(place): value for place, value in enumerate(one.args, start=1)}, **one.kwargs}
    for name, value in given.items():
        if not isinstance(value, providers.Provider) and holds_providers(value):
            kind = "Dict" if isinstance(value, dict) else "List"
            yield (
                f"has providers in a plain {type(value).__name__}, its argument {name}, which hands out the providers "
                f"instead of what they make: write providers.{kind}(…)"
            )


def _of_selector(selector: providers.Selector) -> Iterator[str]:
    try:
        selected(selector)
    except InjectionError as error:
        yield str(error)
    except Exception:  # noqa: BLE001  # whatever it is, it is found where the setting itself is looked at
        return


def of_class(one: Any, needed: providers.Provider[Any]) -> Iterator[str]:
    """Compare classes, where both are known; a fake that overrides needn't inherit, and a value can be looked at."""
    made = made_class(needed)
    if made is None or needed.last_overriding is not None or type(needed) is providers.Object:
        return
    for parameter in parameters_of(one, needed):
        allowed = classes(parameter.annotation)
        if allowed and not fits(made, allowed):
            yield (
                f"makes a {made.__qualname__}, but {name_of(one.provides)} takes {parameter.name}: "
                f"{shown(parameter.annotation)}: correct the container or the annotation"
            )
