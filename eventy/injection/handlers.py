"""Compiles what handles a message: `execute`, `handle`, the functions of `on(…)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from dependency_injector.containers import Container

from eventy.event.base import BaseEvent
from eventy.injection.asked import GIVEN, asked_by, check_app
from eventy.injection.call import Shape, Step, write_call
from eventy.injection.mistakes import Mistakes
from eventy.message.context import Context

Handler = Callable[..., Awaitable[None]]
Call = Callable[[BaseEvent, Context], Awaitable[None]]

_SHAPE = Shape("event, context", GIVEN)


def compile_handler(handler: Handler, container: Container, app: object, event: type[BaseEvent] = BaseEvent) -> Call:
    """Return the call of a handler with everything that it asks for; see `compile_handlers`."""
    return compile_handlers((handler,), container, app, event)


def compile_handlers(
    handlers: Sequence[Handler], container: Container, app: object, event: type[BaseEvent] = BaseEvent
) -> Call:
    """Return one call for the handlers of a message, in order; they share what they both ask for.

    Providers are called for each message, so overriding one acts at once. What is wrong with one by itself is told
    before anything is compiled, see `Wiring`.

    Parameters
        handlers: async functions and unbound async methods; the event is their first positional argument.
        container: the root container.
        app: what a parameter called `app` gets.
        event: the class of what they are called with.

    Raises InjectionError, naming every parameter that can't be filled.
    """
    mistakes = Mistakes()
    steps = []
    for handler in handlers:
        asked = asked_by(handler, container, event)
        mistakes.add(asked.errors)
        with mistakes.collected():
            check_app(asked, app)
        if asked.signature is not None:
            steps.append(Step(asked.signature, asked.arguments))
    mistakes.raise_any()
    call: Any = write_call(_SHAPE, steps, app=app)
    return call  # type: ignore[no-any-return]  # it is written just above
