"""What a handler asks for: its parameters with readable annotations, and where it is written."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, partialmethod
from inspect import Parameter
from types import FunctionType, MappingProxyType, MethodType
from typing import Any

from eventy.errors import InjectionError
from eventy.injection.annotations import names_of, read, shown
from eventy.words import listed

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of one handler: those that its caller fills, and those that are injected.

    Parameters
        handler: what is called.
        where: its name with file and line, for errors.
        given: those that the caller fills by position; annotations are resolved, or `Unreadable`.
        parameters: those that must be filled, likewise.
    """

    handler: Callable[..., Any]
    where: str
    given: tuple[Parameter, ...]
    parameters: tuple[Parameter, ...]

    def named(self, parameter: Parameter) -> str:
        """Return handler, place, parameter and annotation, as every error begins."""
        kind = "" if parameter.annotation is Parameter.empty else f": {shown(parameter.annotation)}"
        return f"{self.where}: parameter '{parameter.name}{kind}'"

    def mistaken(self, parameter: Parameter, error: InjectionError) -> InjectionError:
        """Return an error of a parameter with its name and place before it."""
        return InjectionError(f"{self.named(parameter)}: {error}")


def read_signature(
    handler: Callable[..., Any], given: Collection[str], filled: Mapping[str, str] = MappingProxyType({})
) -> Signature:
    """Read a handler.

    Parameters
        given: what it gets by position before anything is injected, `("event",)` for example.
        filled: the names of what the caller passes by keyword, and of what each of them is, `its path` for example.

    Raises InjectionError when it takes fewer positional parameters, or its signature can't be read.
    """
    function = _function(handler)
    where = _where(handler, function)
    try:
        parameters = list(inspect.signature(_without_wrapped(handler)).parameters.values())
    except Exception as error:  # a `__signature__` may be anything, and raise anything
        raise InjectionError(
            f"{where}: the signature can't be read ({error}): correct that, or write an async function"
        ) from error
    _refuse_unfilled(parameters, filled, where)
    after = _after(parameters, given, filled, where)
    bound = handler.keywords if isinstance(handler, partial) else {}
    namespace = names_of(function)

    def readable(among: Iterable[Parameter]) -> tuple[Parameter, ...]:
        named = (one for one in among if one.kind not in _VARIADIC and one.name not in filled and one.name not in bound)
        return tuple(one.replace(annotation=read(one.annotation, namespace)) for one in named)

    return Signature(handler, where, readable(parameters[: len(parameters) - len(after)]), readable(after))


def is_async(handler: Callable[..., Any]) -> bool:
    """Return whether a call of a handler can be awaited."""
    return any(
        inspect.iscoroutinefunction(layer) or inspect.iscoroutinefunction(getattr(type(layer), "__call__", None))  # noqa: B004  # the function itself is wanted
        for layer in _layers(handler)
    )


def refuse_sync(handler: Callable[..., Any]) -> None:
    """Raise InjectionError for a handler that can't be awaited."""
    if is_async(handler):
        return
    layers = tuple(_layers(handler))
    where = _where(handler, _function(handler))
    if isinstance(handler, type):
        raise InjectionError(
            f"{where} is a class, not async: pass an object of it with `async def __call__(self, event)`"
        )
    found = "an async generator" if any(inspect.isasyncgenfunction(layer) for layer in layers) else "not async"
    raise InjectionError(f"{where} is {found}: write `async def` without yield")


def layers_of(handler: object) -> tuple[Any, ...]:
    """Return a handler and what is in it: behind partials, decorators and bound objects, the function last."""
    return tuple(_layers(handler))


def partialmethod_of(function: object) -> partialmethod[Any] | None:
    """Return what has made a function, if it was `partialmethod`; the attribute is called otherwise since 3.13."""
    found = getattr(function, "__partialmethod__", getattr(function, "_partialmethod", None))
    return found if isinstance(found, partialmethod) else None


def name_of(handler: object) -> str:
    """Return what a handler is called, the same in every process: by its innermost function."""
    return _name(handler, layers_of(handler)[-1])


def _refuse_unfilled(parameters: list[Parameter], filled: Mapping[str, str], where: str) -> None:
    names = {parameter.name for parameter in parameters if parameter.kind is not Parameter.POSITIONAL_ONLY}
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)
    if not takes_any and (missing := [name for name in filled if name not in names]):
        owner = " and ".join(sorted({filled[name] for name in missing}))
        raise InjectionError(f"{where} doesn't take {listed(missing)} of {owner}: add the parameter")


def _after(parameters: list[Parameter], given: Collection[str], filled: Collection[str], where: str) -> list[Parameter]:
    for position, name in enumerate(given):
        if position < len(parameters) and parameters[position].kind is Parameter.VAR_POSITIONAL:
            return parameters[position:]
        taken = position < len(parameters) and parameters[position].name in filled
        if taken or position >= len(parameters) or parameters[position].kind not in _POSITIONAL:
            raise InjectionError(f"{where} doesn't take the {name}: make it positional parameter {position + 1}")
    return parameters[len(given) :]


def _layers(handler: Any) -> Iterator[Any]:
    """Take off partials, decorators and bound objects, one by one; an object may say of itself that it wraps itself."""
    seen: set[int] = set()
    while id(handler) not in seen and not (seen and handler is None):
        seen.add(id(handler))
        yield handler
        if isinstance(handler, partial):
            handler = handler.func
        elif isinstance(handler, MethodType):
            handler = handler.__func__
        elif (made_by := partialmethod_of(handler)) is not None:
            handler = made_by.func
        elif isinstance(handler, FunctionType) or hasattr(handler, "__wrapped__"):
            handler = getattr(handler, "__wrapped__", None)
        else:
            call = getattr(type(handler), "__call__", None)  # noqa: B004  # the function itself is wanted
            handler = call if isinstance(call, FunctionType) else None


def _function(handler: Callable[..., Any]) -> Any:
    return tuple(_layers(handler))[-1]


def _without_wrapped(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return what `inspect` reads rightly.

    A partial loses the `__wrapped__` that `update_wrapper` gave it: its signature lacks what is bound. A `__call__`
    that is static is taken by itself: of its object `inspect` would take the first parameter for `self`.
    """
    if isinstance(handler, partial):
        return partial(handler.func, *handler.args, **handler.keywords)
    if isinstance(inspect.getattr_static(type(handler), "__call__", None), staticmethod):
        return handler.__call__  # type: ignore[operator,no-any-return]  # it is static: what is got is the function
    return handler


def _where(handler: object, function: Any) -> str:
    name = _name(handler, function)
    code = getattr(function, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def _name(handler: object, function: object) -> str:
    """Return the name of the function in a handler, else of the handler's class: `repr` may have an address."""
    name: str | None = getattr(function, "__qualname__", None)
    return name or type(handler).__qualname__
