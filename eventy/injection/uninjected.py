"""Functions that get nothing injected: a marker of theirs would be handed in as a value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from inspect import Parameter
from typing import Any

from eventy.errors import InjectionError
from eventy.injection.markers import marker_of
from eventy.injection.mistakes import Mistakes
from eventy.injection.signature import Signature, read_signature


def refuse_markers(function: Callable[..., Any], why: str) -> None:
    """Raise InjectionError, naming every parameter with a marker.

    Parameters
        why: why there is nothing for it, and what to do.
    """
    if (signature := _readable(function)) is not None:
        _refuse(signature, _marked(signature), why)


def refuse_parameters(
    function: Callable[..., Any], given: Collection[str], why: str, names: Collection[str] = ()
) -> None:
    """Raise InjectionError, naming every parameter that nothing fills, or that has a marker.

    Parameters
        given: what the function gets by position.
        why: as in `refuse_markers`.
        names: what a parameter after the first can't be called, though it is given: its author took it for injected.
    """
    if (signature := _readable(function)) is None:
        return
    extra = [one for one in read_signature(function, given).parameters if one.default is Parameter.empty]
    misnamed = [one for one in signature.parameters[1:] if one.name in names and one.default is Parameter.empty]
    _refuse(signature, [*extra, *misnamed, *_marked(signature)], why)


def _refuse(signature: Signature, parameters: Collection[Parameter], why: str) -> None:
    mistakes = Mistakes()
    for parameter in {one.name: one for one in parameters}.values():
        with mistakes.collected():
            raise InjectionError(f"{signature.named(parameter)}: {why}")
    mistakes.raise_any()


def _marked(signature: Signature) -> list[Parameter]:
    return [one for one in signature.parameters if _has_marker(one)]


def _has_marker(parameter: Parameter) -> bool:
    try:
        return marker_of(parameter) is not None
    except InjectionError:  # a marker that wouldn't do anywhere
        return True


def _readable(function: Callable[..., Any]) -> Signature | None:
    """Return what a function asks for; None for one of C's that doesn't tell."""
    try:
        inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return read_signature(function, ())
