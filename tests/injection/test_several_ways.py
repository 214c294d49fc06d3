"""One provider that parameters reach by several ways: its name, a placeholder that it fills, a selector's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from dependency_injector import containers, providers

from eventy.errors import InjectionError, WiringError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers, compile_route
from tests.injection.application import APP, Repository, a_container_with, run, start

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
    connection: providers.Dependency[object] = providers.Dependency()


class Deeper(containers.DeclarativeContainer):
    inner: Any = providers.DependenciesContainer()


def a_container() -> Any:
    session = providers.Factory(opened)
    inner: Any = providers.Container(Inner, session=session, connection=session.provided.connection)
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
        chosen_part=providers.Selector(config.kind, sql=inner.connection, memory=session.provided.connection),
    )


Named = Annotated[Session, Provide["session"]]
Filled = Annotated[Session, Provide["inner.session"]]
FilledTwice = Annotated[Session, Provide["deeper.inner.session"]]
Chosen = Annotated[Session, Provide["chosen"]]
FilledByPart = Annotated[object, Provide["inner.connection"]]
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


async def by_a_part_that_fills(event: BaseEvent, part: FilledByPart, one: Named) -> None:
    log.append(part is one.connection)


async def by_a_part_that_is_chosen(event: BaseEvent, one: Filled, chosen_part: object, part: FilledByPart) -> None:
    log.append(part is chosen_part is one.connection)


WAYS = [
    by_placeholder,
    by_placeholder_first,
    by_two_placeholders,
    by_selector,
    by_selector_first,
    by_two_selectors,
    by_all_ways,
    by_a_part,
    by_a_part_that_fills,
    by_a_part_that_is_chosen,
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


# ---------------------------------------------------------------- parts that fill placeholders, or are chosen


async def test_part_is_of_the_choice_of_the_message() -> None:
    async def handler(event: BaseEvent, chosen: Session, chosen_part: object, one: Named) -> None:
        log.append((chosen_part is one.connection, chosen_part is chosen.connection))

    container = a_container()
    call = compile_handler(handler, container, APP)
    await run(call)
    with container.kind.override("memory"):
        await run(call)
    assert log == ["open", (True, True), "close", "open", (True, False), "close"]


async def test_context_manager_is_entered_for_a_part_that_fills_a_placeholder() -> None:
    async def handler(event: BaseEvent, part: FilledByPart) -> None:
        log.append(type(part))

    await run(start(handler, a_container()))
    assert log == ["open", object, "close"]


def test_part_that_fills_a_placeholder_is_no_parameter_of_a_function_that_cannot_wait() -> None:
    def route(request: object, part: FilledByPart) -> None: ...

    with pytest.raises(InjectionError, match="is not async"):
        compile_route(route, a_container(), APP)


async def test_override_of_a_part_is_of_that_way_alone_and_nothing_is_made_for_it() -> None:
    async def handler(event: BaseEvent, part: FilledByPart) -> None:
        log.append(part)

    container = a_container()
    call = compile_handler(handler, container, APP)
    with container.inner.connection.override("fake"):
        await run(call)
    assert log == ["fake"]


async def test_object_that_was_entered_is_handed_out_beside_others_that_are_entered() -> None:
    async def handler(event: BaseEvent, one: Filled, plain: object) -> None:
        log.append(plain)

    container = a_container()
    container.set_provider("plain", providers.Factory(Session))
    call, fake = compile_handler(handler, container, APP), opened()
    with container.plain.override(providers.Object(fake)):
        await run(call)
    assert log == ["open", fake, "close"]


async def connect() -> Session:
    return Session()


@pytest.mark.parametrize(
    ("provider", "says"),
    [
        (providers.List(a_container().inner.connection), "is an async context manager. Only parameters"),
        (providers.Singleton(list, a_container().inner.connection), "is an async context manager. Only parameters"),
        (providers.Dependency(default=providers.Factory(connect).provided.connection), "must be awaited, as a Factory"),
    ],
)
def test_part_that_fills_a_placeholder_is_refused_where_its_whole_would_be(
    provider: providers.Provider[Any], says: str
) -> None:
    async def handler(event: BaseEvent, it: object) -> None: ...

    with pytest.raises(WiringError) as raised:
        start(handler, a_container_with(it=provider))
    (mistake,) = raised.value.mistakes
    assert says in mistake


def test_placeholder_that_a_part_of_itself_fills_ends_the_start() -> None:
    async def handler(event: BaseEvent, it: object) -> None: ...

    placeholder: providers.Dependency[Any] = providers.Dependency()
    placeholder.override(placeholder.provided.connection)
    with pytest.raises(WiringError, match="is built with itself"):
        start(handler, a_container_with(it=placeholder))


async def test_part_that_is_not_of_the_type_of_its_placeholder_is_refused() -> None:
    async def handler(event: BaseEvent, it: object) -> None: ...

    part = providers.Factory(Session).provided.connection
    placeholder: providers.Dependency[Any] = providers.Dependency(instance_of=Repository, default=part)
    call = start(handler, a_container_with(it=placeholder))
    with pytest.raises(InjectionError, match="a placeholder, of type Repository, filled with what makes a object"):
        await run(call)
