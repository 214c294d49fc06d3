"""What a decorator around a handler may get wrong: it hides a marker, or it doesn't pass on what is injected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from inspect import Parameter
from types import FunctionType, MethodType
from typing import Any, TypeAlias

from eventy.errors import InjectionError
from eventy.injection.annotations import metadata, read
from eventy.injection.arguments import Argument
from eventy.injection.markers import is_marker
from eventy.injection.signature import Signature, layers_of, partialmethod_of

# dependency-injector's @inject gives it to a function whose markers `container.wire()` fills.
_INJECTED = "__injections__"

_Call: TypeAlias = tuple[FunctionType, tuple[object, ...], Mapping[str, object]]


def check_decorators(
    signature: Signature,
    arguments: Collection[Argument],
    given: Collection[str],
    filled: Collection[str] = (),
    passed: Collection[str] = (),
) -> None:
    """Raise InjectionError for a decorator that hides markers, or that doesn't take what is passed to it.

    Parameters
        signature: of the handler, decorated as it is.
        arguments: what is injected.
        given: what it gets by position before that.
        filled: the names of what the caller passes by keyword.
        passed: the names of what one of the decorators passes by keyword to those inside it.
    """
    _refuse_hidden(signature.handler)
    by_position = [one for one in arguments if one.parameter.kind is Parameter.POSITIONAL_ONLY]
    names = {one.parameter.name for one in arguments if one not in by_position} | {*filled} - {*passed}
    for function, args, kwargs in _calls(signature.handler, (*given, *by_position), dict.fromkeys(sorted(names))):
        taken = _bare(function)
        added = [one for one in passed if one in taken.parameters]
        try:
            taken.bind(*args, **{**dict.fromkeys(added), **kwargs})
        except TypeError as error:
            code = function.__code__
            raise InjectionError(
                f"{signature.where} is called by way of {code.co_name} ({code.co_filename}:{code.co_firstlineno}), a "
                f"decorator or a function with a __signature__, which doesn't take what is passed to it: {error}; "
                f"let it take *args and **kwargs, and pass them on"
            ) from error


def _refuse_hidden(handler: Callable[..., Any]) -> None:
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


def _calls(handler: Any, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Iterator[_Call]:
    """Yield each function in a handler with what it is called with, if each passes on all that it is given.

    Where one has a signature of its own, nobody knows what it passes on.
    """
    for layer in layers_of(handler):
        if isinstance(layer, partial):
            args, kwargs = (*layer.args, *args), {**layer.keywords, **kwargs}
        elif isinstance(layer, MethodType):
            args = (layer.__self__, *args)
        elif (made_by := partialmethod_of(layer)) is not None:
            args, kwargs = (*args[:1], *made_by.args, *args[1:]), {**made_by.keywords, **kwargs}
        elif isinstance(layer, FunctionType):
            yield layer, args, kwargs
        else:  # an object, of a class of decorators perhaps
            call = None if isinstance(layer, type) else getattr(layer, "__call__", None)  # noqa: B004  # the method itself is wanted
            if isinstance(call, (MethodType, FunctionType)):
                yield from _calls(call, args, kwargs)
            if not hasattr(layer, "__wrapped__"):
                return
        if _has_own_signature(layer):
            return


def _has_own_signature(layer: Any) -> bool:
    """Return whether a `__signature__` was set here; `functools.wraps` copies that of the function inside."""
    own = getattr(layer, "__dict__", {}).get("__signature__")
    return own is not None and own is not getattr(getattr(layer, "__wrapped__", None), "__signature__", None)


def _bare(function: FunctionType) -> inspect.Signature:
    """Return what a function takes, whatever its `__wrapped__` and `__signature__` say."""
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(copy)


def _enclosed(function: FunctionType) -> Iterator[FunctionType]:
    """Yield the functions that were handed to what made a function. Those made around it, it calls as it likes."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            inner = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
        if isinstance(inner, FunctionType) and _was_handed(inner, name, function):
            yield inner


def _was_handed(inner: FunctionType, name: str, function: FunctionType) -> bool:
    """Return whether one function came into another's reach as a value, not by being made in the same function.

    What is made further out, and handed in nevertheless, shows by another name than its own.
    """
    there, here = _defined_in(inner), _defined_in(function)
    is_around = there.endswith("<locals>") and f"{here}.".startswith(f"{there}.")
    if not is_around or inner.__module__ != function.__module__:
        return True
    return there != here and inner.__name__ != name


def _defined_in(function: FunctionType) -> str:
    return function.__code__.co_qualname.rpartition(".")[0]


def _has_marker(function: FunctionType) -> bool:
    return any(
        is_marker(found)
        for one in inspect.signature(function).parameters.values()
        for found in (*metadata(read(one.annotation, function.__globals__)), one.default)
    )


def _place(function: FunctionType) -> str:
    code = function.__code__
    return f"{function.__qualname__} ({code.co_filename}:{code.co_firstlineno})"
