"""Compiles what handles a message: `execute`, `handle`, the functions of `on(…)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from dependency_injector.containers import Container

from eventy.event.base import BaseEvent
from eventy.injection.arguments import resolve
from eventy.injection.call import Shape, Step, write_call
from eventy.injection.decorators import check_decorators
from eventy.injection.fit import check_event, check_own
from eventy.injection.mistakes import Mistakes
from eventy.injection.signature import read_signature, refuse_sync
from eventy.message.context import Context

Handler = Callable[..., Awaitable[None]]
Call = Callable[[BaseEvent, Context], Awaitable[None]]

_GIVEN = ("event",)
_SHAPE = Shape("event, context", _GIVEN)
#: What every handler may ask for beside providers, as expressions over the call.
OWN = {"app": "app", "corr_id": "context.corr_id", "context": "context"}


def compile_handler(handler: Handler, container: Container, app: object, event: type[BaseEvent] = BaseEvent) -> Call:
    """Return the call of a handler with everything that it asks for; see `compile_handlers`."""
    return compile_handlers((handler,), container, app, event)


def compile_handlers(
    handlers: Sequence[Handler], container: Container, app: object, event: type[BaseEvent] = BaseEvent
) -> Call:
    """Return one call for the handlers of a message, in order; they share what they both ask for.

    Providers are called for each message, so overriding one acts at once.

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
        with mistakes.collected():
            refuse_sync(handler)
            signature = read_signature(handler, _GIVEN)
            check_event(signature, event, OWN)
            check_own(signature, {"app": type(app), "corr_id": str, "context": Context})
            step = Step(signature, resolve(signature, container, OWN))
            check_decorators(step.signature, step.arguments, _GIVEN)
            steps.append(step)
    mistakes.raise_any()
    call: Any = write_call(_SHAPE, steps, app=app)
    return call  # type: ignore[no-any-return]  # it is written just above
