"""What is promised of the scope around each attempt: its work and what is sent come true together, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

import pytest
from dependency_injector import containers, providers

from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.handler.dispatch import Dispatcher
from eventy.message.context import Context
from eventy.testing.conformance.scene import DEADLINE, HastyClock, Notes, Scene, headers, port_of
from eventy.testing.conformance.serializer import NAME, event


class Database:
    """Rows, and transactions that a handler writes them in: each message's its own."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.rolled_back: list[list[int]] = []
        self.failing_commits = 0
        self._written: ContextVar[list[int]] = ContextVar("written")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        written: list[int] = []
        token = self._written.set(written)
        try:
            yield
            if self.failing_commits:
                self.failing_commits -= 1
                raise ConnectionError("the commit failed")
        except BaseException:
            self.rolled_back.append(written)
            raise
        finally:
            self._written.reset(token)
        self.rows += written

    def write(self, row: int) -> None:
        self._written.get().append(row)


class Steps(list[str]):
    """What is entered and left, in order, and by which error."""

    def of(self, name: str) -> Callable[[], AbstractAsyncContextManager[str]]:
        @asynccontextmanager
        async def noted() -> AsyncIterator[str]:
            self.append(f"{name} in")
            try:
                yield name
            except BaseException as error:
                self.append(f"{name} out by {type(error).__name__}")
                raise
            self.append(f"{name} out")

        return noted


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_attempt_that_is_rolled_back_leaves_neither_row_nor_send(scene: Scene, concurrency: int) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()
    side_by_side = asyncio.Barrier(concurrency)

    async def write(sent: BaseEvent, context: Context) -> None:
        number = sent.data["n"]
        database.write(number)
        await emitter.send(event(number * 10 + context.attempt), out)
        if context.attempt == 1:
            await side_by_side.wait()
            if number == 2:
                raise OSError("not yet")

    for number in (1, 2, 3):
        await scene.put(topic, number, key=b"%d" % number)
    scope = database.transaction
    await scene.consume(write, topic, group=topic, scope=scope, clock=HastyClock(), concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 3})
    assert sorted(database.rows) == [1, 2, 3]
    assert database.rolled_back == [[2]]
    sent = [scene.serializer.decode(record.value or b"").data["n"] for record in await scene.records(out, 3)]
    assert sorted(sent) == [11, 22, 31]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_message_whose_commit_never_succeeds_sends_nothing_and_is_put_aside(
    scene: Scene, concurrency: int
) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()
    database.failing_commits = 3

    async def write(sent: BaseEvent, context: Context) -> None:
        database.write(sent.data["n"])
        await emitter.send(sent, out)

    await scene.put(topic, 1, 2, key=b"k")
    await scene.consume(
        write,
        topic,
        group=topic,
        scope=database.transaction,
        clock=HastyClock(),
        concurrency=concurrency,
        max_retries=2,
        on_exhausted="dead_letter",
    )
    await scene.until_committed(topic, topic, {0: 2})
    assert database.rows == [2]
    assert database.rolled_back == [[1]] * 3
    (sent,) = await scene.records(out, 1)
    assert scene.serializer.decode(sent.value or b"").data["n"] == 2
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert headers(letter)["kafka_dlt-exception-fqcn"] == b"builtins.ConnectionError"


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_handler_that_is_cut_off_at_the_deadline_is_rolled_back(scene: Scene, concurrency: int) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()

    async def hang(sent: BaseEvent, context: Context) -> None:
        database.write(sent.data["n"])
        await emitter.send(sent, out)
        await asyncio.Event().wait()

    notes = Notes(hang)
    await scene.put(topic, 1)
    scope = database.transaction
    consumer = await scene.consume(notes, topic, group=topic, scope=scope, concurrency=concurrency)
    await notes.until(1)
    await scene.give_up(consumer)
    assert (database.rows, database.rolled_back) == ([], [[1]])
    assert not await scene.backend.records(out)
    assert (await scene.backend.committed(topic, topic)).get(0, 0) == 0


async def test_what_a_scope_sends_as_it_is_left_goes_out_with_its_message(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    @asynccontextmanager
    async def outbox() -> AsyncIterator[None]:
        failed = False
        try:
            yield
        except OSError:
            failed = True
            raise
        finally:
            await emitter.send(event(99 if failed else 2), out)

    async def fail_once(sent: BaseEvent, context: Context) -> None:
        await emitter.send(event(1), out)
        if context.attempt == 1:
            raise OSError("not yet")

    await scene.put(topic, 1)
    await scene.consume(fail_once, topic, group=topic, scope=outbox, clock=HastyClock())
    sent = [scene.serializer.decode(record.value or b"").data["n"] for record in await scene.records(out, 2)]
    assert sent == [1, 2]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_handler_that_outlasts_a_rebalance_is_rolled_back_and_its_message_comes_again(
    scene: Scene, concurrency: int
) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()
    tasks: list[asyncio.Task[object] | None] = []

    async def hang_at_first(sent: BaseEvent, context: Context) -> None:
        tasks.append(asyncio.current_task())
        database.write(sent.data["n"])
        await emitter.send(sent, out)
        if len(tasks) == 1:
            await asyncio.Event().wait()

    notes = Notes(hang_at_first)
    await scene.put(topic, 1)
    options: dict[str, Any] = {"group": topic, "scope": database.transaction, "concurrency": concurrency}
    consumer = await scene.consume(notes, topic, **options)
    await notes.until(1)
    port_of(consumer).revoke_timeout = 0.05
    await scene.consume(notes, topic, **options)
    await scene.until_committed(topic, topic, {0: 1})
    assert (database.rows, database.rolled_back) == ([1], [[1]])
    assert [context.attempt for context in notes.contexts] == [1, 1]
    await scene.records(out, 1)
    assert tasks[0] is not None
    assert tasks[0].cancelled()


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_time_out_of_a_handlers_own_is_rolled_back_and_tried_again(scene: Scene, concurrency: int) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()

    async def take_too_long_at_first(sent: BaseEvent, context: Context) -> None:
        async with asyncio.timeout(0.01 if context.attempt == 1 else DEADLINE):
            database.write(context.attempt)
            await emitter.send(event(context.attempt), out)
            if context.attempt == 1:
                await asyncio.Event().wait()

    notes = Notes(take_too_long_at_first)
    await scene.put(topic, 1, 2, key=b"k")
    scope = database.transaction
    await scene.consume(notes, topic, group=topic, scope=scope, clock=HastyClock(), concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 2})
    assert (database.rows, database.rolled_back) == ([2, 2], [[1], [1]])
    assert (notes.numbers, [context.attempt for context in notes.contexts]) == ([1, 1, 2, 2], [1, 2, 1, 2])
    sent = [scene.serializer.decode(record.value or b"").data["n"] for record in await scene.records(out, 2)]
    assert sent == [2, 2]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_scope_is_entered_before_all_that_is_injected_and_left_after_it(scene: Scene, concurrency: int) -> None:
    topic, steps = await scene.topic(), Steps()

    async def fail_at_first(_: BaseEvent, second: str, first: str, context: Context) -> None:
        steps.append(f"handler with {first} and {second}")
        if context.attempt == 1:
            raise OSError("not yet")

    async def follow(_: BaseEvent, first: str) -> None:
        steps.append(f"another with {first}")

    container = containers.DynamicContainer()
    container.set_providers(first=providers.Factory(steps.of("first")), second=providers.Factory(steps.of("second")))
    deliver = Dispatcher(Registry([on(NAME, fail_at_first, follow)]), container, None).deliver
    await scene.put(topic, 1)
    options: dict[str, Any] = {"clock": HastyClock(), "concurrency": concurrency}
    await scene.consume(deliver, topic, group=topic, scope=steps.of("scope"), **options)
    await scene.until_committed(topic, topic, {0: 1})
    failed = steps.index("scope out by OSError") + 1
    assert steps[:failed] == [
        "scope in",
        "second in",
        "first in",
        "handler with first and second",
        "first out by OSError",
        "second out by OSError",
        "scope out by OSError",
    ]
    assert steps[failed:] == [
        "scope in",
        "second in",
        "first in",
        "handler with first and second",
        "another with first",
        "first out",
        "second out",
        "scope out",
    ]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_scope_that_a_handler_opens_again_inside_is_its_own_affair(scene: Scene, concurrency: int) -> None:
    topic, out, emitter, database = await scene.topic(), await scene.topic("out"), await scene.emitter(), Database()

    async def nest(sent: BaseEvent, context: Context) -> None:
        number = sent.data["n"]
        database.write(number)
        with suppress(ValueError):
            async with database.transaction():
                database.write(number * 10)
                await emitter.send(sent, out)
                if number == 2:
                    raise ValueError("of the inner one alone")
        database.write(number * 100)
        if number == 3 and context.attempt == 1:
            raise OSError("not yet")

    await scene.put(topic, 1, 2, 3, key=b"k")
    scope = database.transaction
    await scene.consume(nest, topic, group=topic, scope=scope, clock=HastyClock(), concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 3})
    assert database.rows == [10, 1, 100, 2, 200, 30, 30, 3, 300]
    assert database.rolled_back == [[20], [3, 300]]
    sent = [scene.serializer.decode(record.value or b"").data["n"] for record in await scene.records(out, 3)]
    assert sent == [1, 2, 3]
