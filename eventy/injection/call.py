"""Writes the function that calls a handler: flat, so that a message pays for its providers and little else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

from eventy.injection.arguments import Argument, Expression, Provided
from eventy.injection.entering import Entered, enter
from eventy.injection.late import refuse_override
from eventy.injection.shared import Shared, part_of
from eventy.injection.signature import Signature

# What the written lines call, beside handlers and providers.
_RUNTIME: dict[str, Any] = {one.__name__: one for one in (Entered, Shared, enter, part_of, refuse_override)}


@dataclass(frozen=True, slots=True)
class Shape:
    """How the written function is called, all of it as source.

    Parameters
        parameters: its own parameters.
        positional: what of them each handler gets by position.
        keywords: what each handler gets after its injected parameters, `**path` for example.
    """

    parameters: str
    positional: tuple[str, ...]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One handler with its arguments."""

    signature: Signature
    arguments: tuple[Argument, ...]


def write_call(shape: Shape, steps: Sequence[Step], **names: object) -> Callable[..., Any]:
    """Return a function that calls one handler and returns what it returns, or awaits several in order.

    A provider that several parameters ask for is called once, also when some ask by way of a placeholder or a selector.

    Parameters
        names: what the expressions among the arguments mean, beside the function's own parameters.
    """
    provided = [one.source for step in steps for one in step.arguments if isinstance(one.source, Provided)]
    source = _Source(
        names, several_ways=any(one.hands_on for one in provided), enters=any(one.enters for one in provided)
    )
    calls = [source.call(shape, step) for step in steps]
    title = ", ".join(step.signature.where for step in steps)
    return source.function(shape.parameters, calls, title)


class _Source:
    """The lines of one function, and the namespace that it runs in.

    Parameters
        names: what its expressions mean.
        several_ways: whether two of its providers may lead to one, which only the call itself can tell.
        enters: whether anything may have to be entered.
    """

    def __init__(self, names: dict[str, object], *, several_ways: bool, enters: bool) -> None:
        self._namespace = {**names, **_RUNTIME}
        self._values: dict[int, str] = {}
        self._several_ways = several_ways
        self._enters = enters
        self._preparation = ["shared = Shared()"] if several_ways else []

    def call(self, shape: Shape, step: Step) -> str:
        handler = self._bind("handler", step.signature.handler)
        by_position, by_keyword = list(shape.positional), []
        for argument in step.arguments:
            value = self._value(argument)
            if argument.parameter.kind is Parameter.POSITIONAL_ONLY:
                by_position.append(value)
            else:
                by_keyword.append(f"{argument.parameter.name}={value}")
        return f"{handler}({', '.join([*by_position, *by_keyword, *shape.keywords])})"

    def function(self, parameters: str, calls: Sequence[str], title: str) -> Callable[..., Any]:
        # Made of parameter names alone, never of data. The title shows in tracebacks and profiles.
        exec(compile("\n".join(self._lines(parameters, calls)), f"<call of {title}>", "exec"), self._namespace)
        written: Callable[..., Any] = self._namespace["call"]
        return written

    def _lines(self, parameters: str, calls: Sequence[str]) -> list[str]:
        if len(calls) == 1 and not self._enters:  # what the handler returns is awaited by whoever calls, if at all
            return [f"def call({parameters}):", *_indented([*self._preparation, f"return {calls[0]}"])]
        result = [f"return await {calls[0]}"] if len(calls) == 1 else [f"await {call}" for call in calls]
        body = [*self._preparation, *result]
        if self._enters:
            body = ["async with Entered() as stack:", *_indented(body)]
        return [f"async def call({parameters}):", *_indented(body)]

    def _value(self, argument: Argument) -> str:
        source = argument.source
        if isinstance(source, Expression):
            return source.code
        if isinstance(source, Provided):
            return self._provided(source)
        return self._bind("default", source.value)

    def _provided(self, source: Provided) -> str:
        return self._values.get(id(source.provider)) or self._provide(source)

    def _provide(self, source: Provided) -> str:
        self._values[id(source.provider)] = value = f"value{len(self._values)}"
        provider = self._bind("provider", source.provider)
        self._preparation += (self._shared if self._several_ways else self._called)(source, provider, value)
        return value

    def _shared(self, source: Provided, provider: str, value: str) -> list[str]:
        asked = f"{provider}, takes_class={source.takes_class}"
        return [f"{value} = await shared.enter(stack, {asked})" if self._enters else f"{value} = shared.get({asked})"]

    def _called(self, source: Provided, provider: str, value: str) -> list[str]:
        refused = f"refuse_override({provider}, {value}, takes_class={source.takes_class}, entered={source.entered})"
        if source.whole is None:
            lines = [f"{value} = {provider}()", f"if {provider}.last_overriding is not None: {refused}"]
        else:
            lines = [
                f"if {provider}.last_overriding is None: {value} = part_of({provider}, {self._provided(source.whole)})",
                f"else: {value} = {provider}(); {refused}",
            ]
        return [*lines, f"{value} = await enter(stack, {value})"] if source.entered else lines

    def _bind(self, what: str, thing: object) -> str:
        name = f"{what}{len(self._namespace)}"
        self._namespace[name] = thing
        return name


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
