"""Whether a handler takes what it will be called with: mistakes of its author's that no parameter shows by itself."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from functools import partial
from inspect import Parameter
from types import FunctionType, MethodType
from typing import Any

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection.annotations import classes, fits, shown
from eventy.injection.arguments import Argument
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
    if first.name in own or marker_of(first) is not None:
        raise InjectionError(
            f"{signature.named(first)}: it gets the event, which comes first: put an `event` before it"
        )
    allowed = classes(first.annotation)
    if first.annotation is Parameter.empty or allowed is None or fits(event, allowed):
        return
    if not any(fits(cls, (event,)) for cls in allowed):  # a class may make narrower ones of its data
        expected = shown(first.annotation)
        raise InjectionError(
            f"{signature.named(first)}: it gets the event, a {event.__qualname__}, which is no {expected}: "
            f"correct the annotation, or register the handler with on(…, cls={expected})"
        )


def _refuse_catch_all(signature: Signature) -> None:
    """Raise InjectionError for `(*args, **kwargs)`: a decorator that hides what its function asks for."""
    kinds = [one.kind for one in inspect.signature(signature.handler).parameters.values()]
    if kinds == [Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD]:
        raise InjectionError(
            f"{signature.where} names no parameter, so nothing would be injected: if it is what a decorator puts in "
            f"place of a handler, decorate it with @functools.wraps(handler)"
        )


def check_wrapper(signature: Signature, arguments: Sequence[Argument]) -> None:
    """Raise InjectionError for a decorator that promises its function's parameters, but doesn't take them."""
    outermost = _without_promises(signature.handler)
    if outermost is None:
        return
    by_position = [one for one in arguments if one.parameter.kind is Parameter.POSITIONAL_ONLY]
    names = [one.parameter.name for one in arguments if one not in by_position]
    try:
        inspect.signature(outermost).bind(object(), *by_position, **dict.fromkeys(names))
    except TypeError as error:
        code = getattr(outermost, "func", outermost).__code__
        raise InjectionError(
            f"{signature.where} is called by way of {code.co_name} ({code.co_filename}:{code.co_firstlineno}), a "
            f"decorator or a function with a __signature__, which doesn't take what it promises: {error}; "
            f"let it take *args and **kwargs"
        ) from error


def _without_promises(handler: Any) -> Any:
    """Return a function without its `__wrapped__` and `__signature__`; None when it has neither, or is none."""
    if isinstance(handler, MethodType):
        bare = _without_promises(handler.__func__)
        return None if bare is None else MethodType(bare, handler.__self__)
    if isinstance(handler, partial):
        bare = _without_promises(handler.func)
        return None if bare is None else partial(bare, *handler.args, **handler.keywords)
    if not isinstance(handler, FunctionType) or not {"__wrapped__", "__signature__"} & vars(handler).keys():
        return None
    copy = FunctionType(
        handler.__code__, handler.__globals__, handler.__name__, handler.__defaults__, handler.__closure__
    )
    copy.__kwdefaults__ = handler.__kwdefaults__
    return copy


def refuse_unbound(cls: type[BaseEvent], name: str) -> None:
    """Raise InjectionError for a method that wouldn't get its event as `self`."""
    found = inspect.getattr_static(cls, name)
    if isinstance(found, (staticmethod, classmethod)):
        raise InjectionError(
            f"{cls.__module__}.{cls.__qualname__}.{name} is a {type(found).__name__}, which doesn't get the event: "
            f"write it as a method, `async def {name}(self, …)`"
        )
