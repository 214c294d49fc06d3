"""Overrides that are made while the application runs: right at once, or an error that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection import Provide, compile_route
from tests.injection.application import (
    APP,
    Emitter,
    Repository,
    SqlRepository,
    a_container,
    a_container_with,
)


@asynccontextmanager
async def opened() -> AsyncIterator[Repository]:
    yield Repository()


class Sessions:
    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Repository]:
        yield Repository()


async def connect() -> Repository:
    return Repository()


async def route(request: object, payment_repository: Repository) -> object:
    return payment_repository


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (Emitter, "overridden with the class Emitter, which is handed out as it is"),
        (providers.Factory(opened), "overridden with one of an async context manager, a _AsyncGeneratorContextManager"),
        (providers.Singleton(Sessions).provided.call(), "overridden with one of an async context manager, a _Async"),
        (
            providers.Coroutine(connect),
            "overridden with a Coroutine of the async connect, which must be awaited: await",
        ),
        (providers.Factory(connect), "overridden with a Factory of the async connect, which must be awaited: await it"),
        (
            providers.Factory(dict, it=providers.Factory(connect)),
            "overridden with a provider, which is built with a Factory of the async connect, which must be awaited",
        ),
    ],
)
async def test_what_cannot_be_handed_out_is_refused(by: Any, says: str) -> None:
    container = a_container()
    call = compile_route(route, container, APP)
    with container.payment_repository.override(by), pytest.raises(InjectionError, match=says):
        await call("request")
    assert isinstance(await call("request"), SqlRepository)


async def test_object_that_was_entered_or_is_awaited_later_may_be_handed_out() -> None:
    container = a_container()
    call = compile_route(route, container, APP)
    done = asyncio.get_running_loop().create_future()
    async with opened() as repository:
        for by in (repository, opened(), done):
            with container.payment_repository.override(providers.Object(by)):
                assert await call("request") is by


async def test_nested_overrides_act_from_the_last_to_the_first() -> None:
    container = a_container()
    call = compile_route(route, container, APP)
    with container.payment.repository.override("first"):  # the nested container's own, which the root re-exports
        with container.payment_repository.override(providers.Factory(lambda: "second")):
            assert await call("request") == "second"
        assert await call("request") == "first"
    assert isinstance(await call("request"), SqlRepository)


async def test_attribute_of_an_overridden_provider_is_the_fakes() -> None:
    async def topic(request: object, it: Any = Provide["event_emitter.provided.topic"]) -> object:
        return it

    class Fake:
        topic = "fake-events"

    container = a_container()
    call = compile_route(topic, container, APP)
    with container.event_emitter.override(Fake()):
        assert await call("request") == "fake-events"
    assert await call("request") == "payment-events"


async def test_override_that_is_itself_overridden() -> None:
    container, fake = a_container(), providers.Object("fake")
    call = compile_route(route, container, APP)
    with container.payment_repository.override(fake), fake.override(providers.Object("faker")):
        assert await call("request") == "faker"
        with fake.override(Emitter), pytest.raises(InjectionError, match="overridden with the class Emitter"):
            await call("request")


async def test_provider_of_context_managers_is_overridden_by_anything() -> None:
    container = a_container_with(session=providers.Factory(opened))

    async def asking(request: object, session: object) -> object:
        return session

    call = compile_route(asking, container, APP)
    with container.session.override("plain"):
        assert await call("request") == "plain"
    with (
        container.session.override(providers.Coroutine(connect)),
        pytest.raises(InjectionError, match="await it first"),
    ):
        await call("request")
    assert isinstance(await call("request"), Repository)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (
            providers.Factory(opened),
            "its provider chooses a selector, which chooses one of an async context manager, a _Async",
        ),
        (
            providers.Factory(connect),
            "its provider chooses a selector, which chooses a Factory of the async connect, which must be",
        ),
    ],
)
async def test_setting_that_has_a_selector_choose_what_cannot_be_handed_out(chosen: Any, says: str) -> None:
    async def asking(request: object, it: object) -> object:
        return it

    async def asking_for_a_part(request: object, part: object = Provide["it.provided.topic"]) -> object:
        return part

    container, emitter = a_container(), providers.Object(Emitter())
    selector = providers.Selector(container.config.kind, plain=emitter, other=chosen, fine=emitter)
    container.set_provider("it", providers.Selector(lambda: "inner", inner=selector))
    container.config.from_dict({"kind": "plain"})
    calls = [compile_route(one, container, APP) for one in (asking, asking_for_a_part)]
    for call in calls:
        with container.config.kind.override("other"), pytest.raises(InjectionError, match=says):
            await call("request")
        with container.config.kind.override("fine"):
            assert await call("request") in (emitter(), Emitter.topic)


async def test_error_says_how_a_placeholder_has_come_to_what_cannot_be_handed_out() -> None:
    async def asking(request: object, it: object) -> object:
        return it

    container, chosen = a_container(), providers.Factory(Emitter)
    container.config.from_dict({"kind": "plain"})
    selector = providers.Selector(container.config.kind, plain=chosen, other=providers.Factory(opened))
    container.set_provider("it", providers.Dependency(default=selector))
    call = compile_route(asking, container, APP)

    async def said() -> str:
        with pytest.raises(InjectionError) as raised:
            await call("request")
        return str(raised.value).partition(", a _Async")[0]

    with container.config.kind.override("other"):
        assert await said() == "its provider is filled with a selector, which chooses one of an async context manager"
    with chosen.override(providers.Factory(opened)):
        assert await said() == (
            "its provider is filled with a selector, which chooses a provider, which is overridden with one of an "
            "async context manager"
        )
    with chosen.override(Emitter):
        assert (await said()).startswith(
            "its provider is filled with a selector, which chooses a provider, which is overridden with the class "
            "Emitter, which is handed out as it is"
        )
    with container.it.override(chosen), container.it.override(providers.Factory(opened)):
        assert await said() == "its provider is overridden with one of an async context manager"
