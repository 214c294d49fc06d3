"""What a decorator around a handler may get wrong: it hides a marker, or it doesn't pass on what is injected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from inspect import Parameter
from types import FunctionType
from typing import Any, cast

from dependency_injector.wiring import Provide

from eventy.errors import InjectionError
from eventy.injection.annotations import metadata, read
from eventy.injection.arguments import Argument
from eventy.injection.signature import layers_of

_MARKER = cast(type, Provide)  # a class, though the library declares it as an object to type checkers
# dependency-injector's @inject gives it to a function whose markers `container.wire()` fills.
_INJECTED = "__injections__"


def refuse_hidden(handler: Callable[..., Any]) -> None:
    """Raise InjectionError where a decorator shows a signature of its own, but the function in it has markers.

    The markers would be handed in as values.
    """
    layers = [layer for layer in layers_of(handler) if isinstance(layer, FunctionType)]
    for layer in layers:
        for inner in _enclosed(layer):
            if inner not in layers and not hasattr(inner, _INJECTED) and _has_marker(inner):
                raise InjectionError(
                    f"{_place(layer)} hides the parameters of {_place(inner)}, which has markers: "
                    f"put functools.wraps(…) on it"
                )


def refuse_narrow(
    handler: Callable[..., Any], where: str, arguments: Collection[Argument], *, stands_for_it: bool = True
) -> None:
    """Raise InjectionError where a decorator around a handler doesn't take what is injected into it.

    Parameters
        stands_for_it: whether it shows itself what it asks for; a class-based view shows nothing of its methods.
    """
    named = {one.parameter.name for one in arguments if one.parameter.kind is not Parameter.POSITIONAL_ONLY}
    for layer in layers_of(handler):
        if isinstance(layer, FunctionType) and (hasattr(layer, "__wrapped__") or not stands_for_it):
            parameters = inspect.signature(layer, follow_wrapped=False).parameters.values()
            takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in parameters)
            if missing := sorted(named - {one.name for one in parameters}) if not takes_any else []:
                code = layer.__code__
                raise InjectionError(
                    f"{where} asks for {', '.join(map(repr, missing))}, but its decorator "
                    f"({code.co_filename}:{code.co_firstlineno}) doesn't take that: "
                    f"take **kwargs there, and pass them on"
                )


def _enclosed(function: FunctionType) -> Iterator[FunctionType]:
    """Yield the functions that were handed to what made a function; it has its own names for them."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            inner = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
        if isinstance(inner, FunctionType) and inner.__name__ != name:
            yield inner


def _has_marker(function: FunctionType) -> bool:
    return any(
        isinstance(found, _MARKER)
        for one in inspect.signature(function).parameters.values()
        for found in (*metadata(read(one.annotation, function.__globals__)), one.default)
    )


def _place(function: FunctionType) -> str:
    code = function.__code__
    return f"{function.__qualname__} ({code.co_filename}:{code.co_firstlineno})"
