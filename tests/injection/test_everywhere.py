"""The same rules hold for whatever handles a message: each kind of handler, found and called as an application does."""

from __future__ import annotations

import functools
from typing import Annotated, Any

import pytest

from eventy.command.base import BaseCommand
from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.handler.dispatch import Dispatcher
from eventy.injection import Provide
from eventy.message.context import Context
from tests.injection.application import ARecord, Emitter, Repository, SqlRepository, a_container

seen: list[dict[str, Any]] = []


class App:
    """An application."""


class Rules:
    """What each kind of handler below asks for."""

    async def ask(
        self,
        app: App,
        corr_id: str,
        context: Context,
        payment_repository: Repository,
        *,
        marked: Annotated[Repository, Provide["draft"]],
        optional: Annotated[Repository | None, Provide["payment.repository"]],
        event_emitter: object = 10,
        amount: int = Provide["config.limits.amount"],
    ) -> None:
        seen.append({name: value for name, value in locals().items() if name != "self"} | {"event": self})

    async def misspell(self, payment_repo: Repository) -> None: ...


class Executed(Rules, BaseCommand):
    execute = Rules.ask


class Misspelt(BaseCommand):
    execute = Rules.misspell


class Handled(Rules, BaseEvent):
    handle = Rules.ask


class MisspeltToo(BaseEvent):
    handle = Rules.misspell


ask: Any = Rules.ask
misspell: Any = Rules.misspell


def an_object(function: Any) -> Any:
    """Return an object that is called with the event, and calls a function with all that it gets."""

    class Object:
        async def __call__(self, event: BaseEvent, *args: Any, **kwargs: Any) -> None:
            await function(event, *args, **kwargs)

    return functools.update_wrapper(Object(), function)


KINDS: list[Any] = [
    pytest.param(Executed, Misspelt, Executed({}), id="execute"),
    pytest.param(Handled, MisspeltToo, Handled({}), id="handle"),
    pytest.param(on("a.A", ask), on("a.A", misspell), GenericEvent("a.A", {}), id="function"),
    pytest.param(on("a.[A-Z]", ask), on("a.A", misspell), GenericEvent("a.A", {}), id="function by a regex"),
    pytest.param(on("a.A", ask, cls=Handled), on("a.A", misspell, cls=Handled), Handled({}), id="function of a class"),
    pytest.param(
        on("a.A", functools.partial(ask)), on("a.A", functools.partial(misspell)), GenericEvent("a.A", {}), id="partial"
    ),
    pytest.param(on("a.A", an_object(ask)), on("a.A", an_object(misspell)), GenericEvent("a.A", {}), id="object"),
]


@pytest.mark.parametrize(("right", "wrong", "event"), KINDS)
async def test_rules_hold_for_every_kind_of_handler(right: Any, wrong: Any, event: BaseEvent) -> None:
    seen.clear()
    container, app, context = a_container(), App(), Context(ARecord())
    await Dispatcher(Registry([right]), container, app).deliver(event, context)
    (got,) = seen
    assert got["event"] is event
    assert (got["app"], got["corr_id"], got["context"]) == (app, "c-1", context)
    assert got["payment_repository"] is got["optional"] is container.payment.repository()
    assert type(got["marked"]) is Repository
    assert (got["event_emitter"], got["amount"]) == (10, 100)

    with pytest.raises(InjectionError) as raised:
        Dispatcher(Registry([wrong]), container, app)
    line = Rules.misspell.__code__.co_firstlineno
    assert str(raised.value).startswith(
        f"Rules.misspell ({__file__}:{line}): parameter 'payment_repo: Repository': "
        f"the root container has no provider 'payment_repo' (closest: 'payment_repository'"
    )


async def test_functions_of_a_message_are_called_in_order_and_none_after_one_that_fails() -> None:
    calls: list[object] = []

    async def first(event: GenericEvent, payment_repository: Repository) -> None:
        calls.append(("first", type(payment_repository)))

    async def second(event: GenericEvent, event_emitter: Emitter) -> None:
        calls.append(("second", type(event_emitter)))
        raise OSError("disk")

    async def third(event: GenericEvent) -> None:
        calls.append("third")

    dispatcher = Dispatcher(Registry([on("a.A", first, second, third)]), a_container(), App())
    with pytest.raises(OSError, match="disk"):
        await dispatcher.deliver(GenericEvent("a.A", {}), Context(ARecord()))
    assert calls == [("first", SqlRepository), ("second", Emitter)]
