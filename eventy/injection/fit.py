"""Whether a handler takes what it will be called with: mistakes of its author's that no parameter shows by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from inspect import Parameter
from types import FunctionType, MethodType

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection.annotations import classes, fits, names_of, read, shown
from eventy.injection.markers import marker_of
from eventy.injection.signature import Signature


def check_event(signature: Signature, event: type[BaseEvent], own: Collection[str]) -> None:
    """Raise InjectionError for a handler whose first parameter is meant for something else than the event.

    Parameters
        event: the class of what it is called with.
        own: the names that come with a message.
    """
    if not signature.given:
        _refuse_catch_all(signature)
        return
    first = signature.given[0]
    if first.name in own or _is_marked(first):
        raise InjectionError(
            f"{signature.named(first)}: it gets the event, which comes first: put an `event` before it"
        )
    if not _may_take(first, event):
        expected = shown(first.annotation)
        raise InjectionError(
            f"{signature.named(first)}: it gets the event, a {event.__qualname__}, which is no {expected}: "
            f"correct the annotation, or register the handler with on(…, cls={expected})"
        )


def check_own(signature: Signature, kinds: Mapping[str, type]) -> None:
    """Raise InjectionError for a parameter that is called like what comes with each call, but is annotated otherwise.

    Parameters
        kinds: the classes of what comes with a message or a request.
    """
    for parameter in signature.parameters:
        kind = kinds.get(parameter.name)
        if kind is not None and not _is_marked(parameter) and not _may_take(parameter, kind):
            raise InjectionError(
                f"{signature.named(parameter)}: it gets the {parameter.name}, a {kind.__qualname__}: "
                f"correct the annotation, or call the parameter something else"
            )


def _is_marked(parameter: Parameter) -> bool:
    try:
        return marker_of(parameter) is not None
    except InjectionError:  # for what is injected it is told elsewhere; the event isn't
        return False


def _may_take(parameter: Parameter, cls: type) -> bool:
    """Return whether objects of a class, or of a narrower one, may fit an annotation."""
    allowed = None if parameter.annotation is Parameter.empty else classes(parameter.annotation)
    return allowed is None or fits(cls, allowed) or any(fits(one, (cls,)) for one in allowed)


def _refuse_catch_all(signature: Signature) -> None:
    """Raise InjectionError for `(*args, **kwargs)`: a decorator that hides what its function asks for."""
    kinds = [one.kind for one in inspect.signature(signature.handler).parameters.values()]
    is_function = isinstance(signature.handler, (FunctionType, MethodType))  # a mock, for example, may take anything
    if is_function and kinds == [Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD]:
        raise InjectionError(
            f"{signature.where} names no parameter, so nothing would be injected: if it is what a decorator puts in "
            f"place of a handler, decorate it with @functools.wraps(handler)"
        )


def refuse_unbound(cls: type[BaseEvent], name: str) -> None:
    """Raise InjectionError for a method that wouldn't get its event as `self`."""
    found = inspect.getattr_static(cls, name)
    if isinstance(found, (staticmethod, classmethod)):
        raise InjectionError(
            f"{cls.__module__}.{cls.__qualname__}.{name} is a {type(found).__name__}, which doesn't get the event: "
            f"write it as a method, `async def {name}(self, …)`"
        )
    if not callable(getattr(cls, name)):
        raise InjectionError(
            f"{cls.__module__}.{cls.__qualname__}.{name} is {found!r}, which can't be called: "
            f"write it as a method, `async def {name}(self, …)`"
        )


def refuse_unmade(cls: type[BaseEvent]) -> None:
    """Raise InjectionError for a class that no message can become an object of: it takes something else than data."""
    if inspect.getattr_static(cls, "from_data") is not inspect.getattr_static(BaseEvent, "from_data"):
        if not _takes(cls.from_data, "", {}):
            raise InjectionError(
                f"{_where(cls)} has a from_data({_parameters(cls.from_data)}), but that gets a schema's name "
                "and a message's data: write `@classmethod` and `def from_data(cls, event_name, event_data)`"
            )
    elif not _takes(cls, {}):
        raise InjectionError(
            f"{_where(cls)} takes ({_parameters(cls)}), but is made of a message's data, {cls.__qualname__}(data): "
            "have __init__ take `data: dict` alone, or define the classmethod from_data(cls, event_name, event_data)"
        )


def _takes(made_by: Callable[..., object], *given: object) -> bool:
    """Return whether a class or a function can be called so, as far as that can be told."""
    try:
        signature = inspect.signature(made_by)
    except (TypeError, ValueError):
        return True
    try:
        passed = signature.bind(*given).arguments
    except TypeError:
        return False
    names = names_of(made_by.__init__ if isinstance(made_by, type) else made_by)  # type: ignore[misc]  # of any class
    parameters = (signature.parameters[name] for name in passed)
    return all(
        _may_take(one.replace(annotation=read(one.annotation, names)), type(value))
        for one, value in zip(parameters, given, strict=False)
        if one.kind is not Parameter.VAR_POSITIONAL
    )


def _parameters(made_by: Callable[..., object]) -> str:
    return ", ".join(map(str, inspect.signature(made_by).parameters.values()))


def _where(cls: type) -> str:
    name = f"{cls.__module__}.{cls.__qualname__}"
    try:
        return f"{name} ({inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]})"
    except (OSError, TypeError):  # it was made without a file
        return name
