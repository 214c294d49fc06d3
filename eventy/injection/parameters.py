"""The parameters of what a provider calls, and whether they take what it passes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dependency_injector import providers

from eventy.injection.annotations import read
from eventy.injection.dependencies import CALLING
from eventy.injection.paths import name_of
from eventy.words import closest


def unbound(one: providers.Provider[Any]) -> Iterator[str]:
    """Yield why what a provider calls doesn't take what it passes.

    Parameters
        one: the provider in force.
    """
    caller: Any = one
    signature = _signature(one)
    if signature is None:
        return
    if (why := mismatch(signature, caller.args, caller.kwargs)) is not None:
        yield f"{name_of(caller.provides)} {why}"


def mismatch(signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object]) -> str | None:
    """Return why arguments don't fit a signature, after the name of what is called; None when they do."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        left = [name for name in signature.parameters if name not in kwargs]
        unknown = [f"{name!r}{closest(name, left)}" for name in kwargs if name not in signature.parameters]
        takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.parameters.values())
        why = f"takes no {', '.join(unknown)}" if unknown and not takes_any else f"can't be called so, {error}"
        return f"{why}: correct what the container passes, its parameters are {_shown(signature)}"
    return None


def parameters_of(one: providers.Provider[Any], needed: providers.Provider[Any]) -> Iterator[inspect.Parameter]:
    """Yield the annotated parameters that get what a provider makes: one may be passed several times."""
    caller: Any = one
    signature = _signature(one)
    if signature is None:
        return
    try:
        passed = signature.bind(*caller.args, **caller.kwargs).arguments
    except TypeError:
        return
    for name, value in passed.items():
        parameter = signature.parameters[name]
        if value is needed and parameter.annotation is not parameter.empty:
            yield parameter.replace(annotation=read(parameter.annotation, _namespace(caller.provides)))


def _signature(one: providers.Provider[Any]) -> inspect.Signature | None:
    if not isinstance(one, CALLING) or isinstance(one, providers.TypedConfigurationOption):
        return None
    made_by = one.provides
    if isinstance(made_by, providers.Provider) or not callable(made_by):
        return None
    try:
        return inspect.signature(made_by)
    except (TypeError, ValueError):
        return None  # some builtins have none


def _namespace(made_by: Callable[..., Any]) -> dict[str, Any]:
    function: Any = getattr(made_by, "__init__", None) if isinstance(made_by, type) else made_by
    return getattr(inspect.unwrap(function), "__globals__", {})


def _shown(signature: inspect.Signature) -> str:
    return f"({', '.join(map(str, signature.parameters.values()))})"
