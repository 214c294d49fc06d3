"""What surrounds an attempt: what can be one, and what comes of its errors and its handler's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self

import pytest
from dependency_injector import providers

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.collection import collecting
from eventy.errors import ConfigurationError, Unretryable
from eventy.event.base import BaseEvent
from eventy.handler.attempt import Attempt
from eventy.handler.scope import Scope, check_scope
from eventy.message.context import Context
from eventy.testing.conformance.serializer import JsonSerializer, encoded
from tests.handler.test_attempt import Seen, record


class Database:
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[None]:
        yield

    @contextmanager
    def sync(self) -> Iterator[None]:
        yield

    async def connect(self) -> None: ...

    async def session(self) -> AsyncIterator[None]:
        yield


class Transaction:
    """Makes one each time it is called."""

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        yield


class Connecting:
    async def __call__(self) -> None: ...


class OfSessions:
    async def __call__(self) -> AsyncIterator[None]:
        yield


class SyncTransaction:
    @contextmanager
    def __call__(self) -> Iterator[None]:
        yield


class Swallowing:
    """Wants to hear of no error."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> bool:
        return True


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


def attempt(deliver: Any, scope: Scope) -> Any:
    return Attempt(JsonSerializer(), deliver, scope, None)(record(encoded()), 1)


# ---------------------------------------------------------------- what can be one


@pytest.mark.parametrize(
    "scope", [None, nothing, Database().transaction, Transaction(), Swallowing, lambda session=1: nothing()]
)
def test_whatever_makes_an_async_context_manager_is_a_scope(scope: Any) -> None:
    check_scope(scope)


def test_method_of_a_provided_database_is_a_scope() -> None:
    check_scope(providers.Singleton(Database).provided.transaction())


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (3, "scope is 3, which can't be called, expected what makes an async context manager each time it is called"),
        (Swallowing(), ">, which can't be called, expected"),
        (Database().transaction(), ">, which can't be called without arguments, as a transaction that is open, "),
        (Database().of, "which can't be called without arguments"),
        (Database().sync, "which isn't async, expected"),
        (Database().connect, "an async function, expected"),
        (Database().session, "an async generator: decorate it with @asynccontextmanager"),
        (Connecting(), ">, an async function, expected"),
        (OfSessions(), ">, an async generator: decorate it with @asynccontextmanager"),
        (SyncTransaction(), ">, which isn't async, expected"),
        (Database, "a class without __aenter__"),
    ],
)
def test_what_cannot_be_opened_around_a_message_is_refused(scope: Any, found: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_scope(scope)
    assert found in str(raised.value)
    assert str(raised.value).endswith("scope=database.provided.transaction in a container")


def test_consumer_is_not_built_with_a_scope_that_is_none() -> None:
    with pytest.raises(ConfigurationError, match=r"consumer of topic \(group g\): scope is .*, which isn't async"):
        MemoryConsumer(
            broker=MemoryBroker(clock=Clock()),
            serializer=JsonSerializer(),
            clock=Clock(),
            event_topics=["topic"],
            event_group="g",
            position="latest",
            scope=Database().sync,  # type: ignore[arg-type]  # the mistake
        )


# ---------------------------------------------------------------- what comes of errors


@pytest.mark.parametrize(
    "error", [ValueError("broken"), Unretryable("broken"), asyncio.CancelledError(), SystemExit(3)]
)
async def test_error_that_a_scope_swallows_is_raised_again(error: BaseException) -> None:
    async def fail(event: BaseEvent, context: Context) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await attempt(fail, Swallowing)
    assert raised.value is error
    with pytest.raises(type(error)):
        await attempt(fail, Swallowing)
    (note,) = error.__notes__
    assert "swallowed by what was entered around the handler" in note
    assert collecting.get() is None


@pytest.mark.parametrize("error", [GeneratorExit(), StopAsyncIteration(), KeyboardInterrupt(), RuntimeError("broken")])
async def test_error_that_means_something_to_generators_comes_through(error: BaseException) -> None:
    async def fail(event: BaseEvent, context: Context) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await attempt(fail, nothing)
    assert raised.value is error


async def test_error_that_a_scope_puts_in_its_place_is_raised() -> None:
    async def fail(event: BaseEvent, context: Context) -> None:
        raise ValueError("broken")

    @asynccontextmanager
    async def translate() -> AsyncIterator[None]:
        try:
            yield
        except ValueError as error:
            raise Unretryable("no use") from error

    with pytest.raises(Unretryable, match="no use"):
        await attempt(fail, translate)


async def test_scope_that_is_not_entered_has_no_handler_called() -> None:
    seen = Seen()

    @asynccontextmanager
    async def fail() -> AsyncIterator[None]:
        if not seen.calls:
            raise ConnectionError("no connection")
        yield

    with pytest.raises(ConnectionError):
        await attempt(seen, fail)
    assert not seen.calls


async def test_time_out_around_a_handler_rolls_back() -> None:
    left: list[type[BaseException]] = []

    @asynccontextmanager
    async def scope() -> AsyncIterator[None]:
        try:
            yield
        except BaseException as error:
            left.append(type(error))
            raise

    async def hang(event: BaseEvent, context: Context) -> None:
        async with Clock().timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await attempt(hang, scope)
    assert left == [TimeoutError]


async def test_cancellation_is_heard_though_a_scope_swallows_it() -> None:
    begun = asyncio.Event()

    async def hang(event: BaseEvent, context: Context) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(attempt(hang, Swallowing))
    await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_scope_may_be_opened_again_inside() -> None:
    opened: list[str] = []

    @asynccontextmanager
    async def scope() -> AsyncIterator[None]:
        opened.append("in")
        yield
        opened.append("out")

    async def nest(event: BaseEvent, context: Context) -> None:
        with suppress(ValueError):
            async with scope():
                raise ValueError("only the inner one")

    await attempt(nest, scope)
    assert opened == ["in", "in", "out"]
