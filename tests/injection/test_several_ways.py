"""One provider that parameters reach by several ways: its name, a placeholder that it fills, a selector's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from dependency_injector import containers, providers

from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers, compile_route
from tests.injection.application import APP, a_container_with, run

log: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_logged() -> None:
    log.clear()


class Session:
    """Of one message."""

    def __init__(self) -> None:
        self.connection = object()


@asynccontextmanager
async def opened() -> AsyncIterator[Session]:
    log.append("open")
    yield Session()
    log.append("close")


class Inner(containers.DeclarativeContainer):
    session: providers.Dependency[Session] = providers.Dependency()


class Deeper(containers.DeclarativeContainer):
    inner: Any = providers.DependenciesContainer()


def a_container() -> Any:
    session = providers.Factory(opened)
    inner: Any = providers.Container(Inner, session=session)
    config = providers.Configuration()
    config.from_dict({"kind": "sql"})
    return a_container_with(
        session=session,
        inner=inner,
        deeper=providers.Container(Deeper, inner=inner),
        kind=config.kind,
        chosen=providers.Selector(config.kind, sql=session, memory=providers.Factory(Session)),
        chosen_too=providers.Selector(config.kind, sql=inner.session, memory=session),
        part=inner.session.provided.connection,
    )


Named = Annotated[Session, Provide["session"]]
Filled = Annotated[Session, Provide["inner.session"]]
FilledTwice = Annotated[Session, Provide["deeper.inner.session"]]
Chosen = Annotated[Session, Provide["chosen"]]
ChosenToo = Annotated[Session, Provide["chosen_too"]]


async def by_placeholder(event: BaseEvent, one: Named, other: Filled) -> None:
    log.append(one is other)


async def by_placeholder_first(event: BaseEvent, one: Filled, other: Named) -> None:
    log.append(one is other)


async def by_two_placeholders(event: BaseEvent, one: FilledTwice, other: Filled) -> None:
    log.append(one is other)


async def by_selector(event: BaseEvent, one: Named, other: Chosen) -> None:
    log.append(one is other)


async def by_selector_first(event: BaseEvent, one: Chosen, other: Named) -> None:
    log.append(one is other)


async def by_two_selectors(event: BaseEvent, one: Chosen, other: ChosenToo) -> None:
    log.append(one is other)


async def by_all_ways(event: BaseEvent, *, a: Named, b: FilledTwice, c: Filled, d: ChosenToo, e: Chosen) -> None:
    log.append(len({a, b, c, d, e}) == 1)


async def by_a_part(event: BaseEvent, part: object, one: Named) -> None:
    log.append(part is one.connection)


WAYS = [
    by_placeholder,
    by_placeholder_first,
    by_two_placeholders,
    by_selector,
    by_selector_first,
    by_two_selectors,
    by_all_ways,
    by_a_part,
]


@pytest.mark.parametrize("handler", WAYS)
async def test_message_has_one_object_by_whatever_way(handler: Any) -> None:
    call = compile_handler(handler, a_container(), APP)
    await run(call)
    await run(call)
    assert log == ["open", True, "close"] * 2


async def test_handlers_of_a_message_share_it_by_whatever_way() -> None:
    async def named(event: BaseEvent, one: Named) -> None:
        log.append(one)

    async def filled(event: BaseEvent, one: Filled) -> None:
        log.append(one)

    await run(compile_handlers((filled, named), a_container(), APP))
    begin, one, other, end = log
    assert (begin, end) == ("open", "close")
    assert one is other


async def test_route_has_one_object_by_whatever_way() -> None:
    async def route(request: object, one: Chosen, other: Filled) -> bool:
        return one is other

    assert await compile_route(route, a_container(), APP)("request")
    assert log == ["open", "close"]


@pytest.mark.parametrize("handler", WAYS)
async def test_override_of_what_all_lead_to_is_shared(handler: Any) -> None:
    container = a_container()
    call = compile_handler(handler, container, APP)
    with container.session.override(providers.Factory(Session)):
        await run(call)
    assert log == [True]


async def test_override_of_one_way_is_of_that_way_alone_and_nothing_is_made_for_it() -> None:
    container = a_container()
    calls = [compile_handler(one, container, APP) for one in (by_two_placeholders, by_placeholder)]
    with container.inner.session.override("fake"):
        for call in calls:
            await run(call)
    assert log == [True, "open", False, "close"]


async def test_choice_is_that_of_the_message() -> None:
    container = a_container()
    calls = [compile_handler(one, container, APP) for one in (by_two_selectors, by_selector, by_all_ways)]
    with container.kind.override("memory"):  # where only `chosen_too` leads to the session
        for call in calls:
            await run(call)
    assert log == ["open", False, "close"] * 3
