"""`Provide["it.provided.x"]`: a part of the object that other parameters get as `it`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers, compile_route
from tests.injection.application import Emitter, a_container_with, run, start

APP = object()
log: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_logged() -> None:
    log.clear()


class Unit:
    """Of one message."""

    def __init__(self) -> None:
        self.part, self.items = object(), {"one": object()}


@asynccontextmanager
async def opened() -> AsyncIterator[Unit]:
    log.append("open")
    yield Unit()
    log.append("close")


Part = Annotated[object, Provide["it.provided.part"]]


async def whole_first(event: BaseEvent, it: Unit, part: Part) -> None:
    log.append((it.part is part, it))


async def part_first(event: BaseEvent, part: Part, it: Unit) -> None:
    log.append((it.part is part, it))


@pytest.mark.parametrize("handler", [whole_first, part_first])
async def test_part_is_of_the_object_that_the_message_has(handler: Any) -> None:
    call = compile_handler(handler, a_container_with(it=providers.Factory(Unit)), APP)
    await run(call)
    await run(call)
    (first, one), (second, other) = log
    assert (first, second) == (True, True)
    assert one is not other


async def test_handlers_of_a_message_share_it_though_they_ask_for_parts() -> None:
    async def part_alone(event: BaseEvent, part: Part) -> None:
        log.append(part)

    container = a_container_with(it=providers.Factory(Unit))
    await run(compile_handlers((part_alone, part_alone, whole_first), container, APP))
    one, other, (is_same, it) = log
    assert one is other is it.part
    assert is_same


async def test_part_that_the_container_has_a_name_for() -> None:
    async def handler(event: BaseEvent, it: Unit, item: object) -> None:
        log.append(it.items["one"] is item)

    it = providers.Factory(Unit)
    await run(compile_handler(handler, a_container_with(it=it, item=it.provided.items["one"]), APP))
    assert log == [True]


@pytest.mark.parametrize("name", ["name", "call", "provides", "provided", "provider", "override", "related"])
async def test_part_may_be_called_as_something_of_the_library_is(name: str) -> None:
    async def handler(event: BaseEvent, part: Any, deeper: Any) -> None:
        log.extend((part, deeper))

    handler.__annotations__["part"] = Annotated[Any, Provide[f"it.provided.{name}"]]
    handler.__annotations__["deeper"] = Annotated[Any, Provide[f"it.provided.config.{name}"]]

    def make() -> SimpleNamespace:
        return SimpleNamespace(**{name: "part", "config": SimpleNamespace(**{name: "deeper"})})

    await run(start(handler, a_container_with(it=providers.Singleton(make))))
    assert log == ["part", "deeper"]


async def test_part_of_a_context_manager_is_of_what_it_gives() -> None:
    await run(compile_handler(part_first, a_container_with(it=providers.Factory(opened)), APP))
    begin, (is_same, _), end = log
    assert (begin, is_same, end) == ("open", True, "close")


async def test_route_has_the_parts_of_its_own_object() -> None:
    async def route(request: object, part: Part, it: Unit) -> bool:
        return it.part is part

    assert await compile_route(route, a_container_with(it=providers.Factory(Unit)), APP)("request")


def test_part_of_what_must_be_entered_is_no_parameter_of_a_function_that_cannot_wait() -> None:
    def route(request: object, part: Part) -> None: ...

    with pytest.raises(InjectionError, match="is not async"):
        compile_route(route, a_container_with(it=providers.Factory(opened)), APP)


async def test_overrides_act_at_once_on_the_whole_and_on_the_part() -> None:
    async def handler(event: BaseEvent, part: Any) -> None:
        log.append(part)

    it = providers.Factory(Unit)
    container = a_container_with(it=it, part=it.provided.part)
    fake, call = Unit(), compile_handler(handler, container, APP)
    with container.it.override(providers.Object(fake)):
        await run(call)
        with container.part.override("of the test"):
            await run(call)
        with container.part.override(Emitter), pytest.raises(InjectionError, match="overridden with the class Emitter"):
            await run(call)
    assert log == [fake.part, "of the test"]


async def test_part_that_was_overridden_at_the_start_needs_no_whole_until_that_is_taken_back() -> None:
    async def handler(event: BaseEvent, part: Any) -> None:
        log.append(part)

    made: list[Unit] = []

    def make() -> Unit:
        made.append(Unit())
        return made[-1]

    it = providers.Factory(make)
    container = a_container_with(it=it, part=it.provided.part)
    with container.part.override("of the test"):
        call = compile_handler(handler, container, APP)
        await run(call)
        assert made == []
    await run(call)
    assert log == ["of the test", made[0].part]


async def test_class_in_place_of_the_whole_is_refused() -> None:
    container = a_container_with(it=providers.Factory(Unit))
    call = compile_handler(whole_first, container, APP)
    with container.it.override(Unit):
        with pytest.raises(InjectionError, match="whole_first → it: is overridden with the class Unit"):
            start(whole_first, container)
        with pytest.raises(InjectionError, match="overridden with the class Unit"):
            await run(call)
