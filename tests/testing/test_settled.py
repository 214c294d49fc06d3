"""When everything is done, and what is said when it isn't."""

from __future__ import annotations

import asyncio
from hashlib import pbkdf2_hmac
from typing import Any

import pytest
from dependency_injector import providers

from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import SendError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.harness import Harness, NotSettledError
from tests.testing.service import WithView, message, service

both_ways = pytest.mark.parametrize("concurrency", [1, 4])


async def forward(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
    await emitter.send(message("done"), "out")


async def answer(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
    await emitter.send(message("pong" if event.name() == "ping" else "ping"), "in", key="k")


async def block(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
    await asyncio.Event().wait()


@both_ways
@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
async def test_view_without_a_group_has_read_everything(concurrency: int, delivery: str) -> None:
    container = service(WithView, {"do": forward}, consumer_concurrency=concurrency, consumer_delivery=delivery)
    async with Harness(container) as app:
        for number in range(20):
            await app.send(message(), "in", key=str(number))
        await app.settled()
        assert container.seen() == ["done"] * 20


@both_ways
async def test_endless_conversation_is_named_as_one(concurrency: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventy.testing.open_work._MANY", 5)  # a busy machine gets no further in so short a time
    container = service(then={"ping": answer, "pong": answer}, consumer_concurrency=concurrency)
    with pytest.raises(NotSettledError, match=r"not settled after 0\.5 s(?s:.*)all the time: p.ng \d+ times, p.ng \d+"):
        async with Harness(container, deadline=0.5) as app:
            await app.send(message("ping"), "in", key="k")
            await app.settled()


@both_ways
async def test_handler_that_blocks_is_named_with_its_place(concurrency: int) -> None:
    container = service(then={"do": block}, consumer_concurrency=concurrency)
    with pytest.raises(NotSettledError) as caught:
        async with Harness(container, deadline=0.1) as app:
            await app.send(message(), "in", key="a")
            await app.send(message(), "in", key="a")
            await app.settled()
    said = str(caught.value)
    assert "handlers that run:\n  in[" in said
    assert "consumer of in (group g): do in work, attempt 1, for 0.1 s (real time). It is here:" in said
    assert "await asyncio.Event().wait()" in said  # the line of the test's own handler
    assert "2 messages in in[" in said


@both_ways
async def test_retries_behind_a_handler_that_blocks_are_named(concurrency: int) -> None:
    async def fail(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        raise ConnectionError("not yet")

    container = service(then={"ping": block, "pong": fail}, consumer_concurrency=concurrency)
    with pytest.raises(NotSettledError, match=r"offset 0, consumer of in \(group g\): attempt 2 is due in 1 s"):
        async with Harness(container, deadline=0.1) as app:
            await app.send(message("ping"), "in", key="a")
            await app.send(message("pong"), "in", key="c")
            await app.settled()


@both_ways
async def test_sends_that_the_broker_never_acknowledges_are_named(concurrency: int) -> None:
    class Unanswered(MemoryEmitter):
        async def write(self, records: list[ProducerRecord]) -> None:
            if any(record.topic == "out" for record in records):
                await asyncio.Event().wait()
            await super().write(records)

    container = service(then={"do": forward}, consumer_concurrency=concurrency)
    emitter = providers.Singleton(
        Unanswered, broker=container.broker, serializer=container.event_serializer, clock=container.clock
    )
    with (
        container.event_emitter.override(emitter),
        pytest.raises(
            NotSettledError, match=r"sends that the broker hasn't acknowledged:\n  of in\[\d\], consumer of in"
        ),
    ):
        async with Harness(container, deadline=0.1) as app:
            await app.send(message(), "in")
            await app.settled()


@both_ways
async def test_handler_that_sleeps_by_the_clock_waits_for_nothing(concurrency: int) -> None:
    async def sleep(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await app.clock.sleep(3_600)

    async with Harness(service(then={"do": sleep}, consumer_concurrency=concurrency)) as app:
        for key in ("a", "b"):
            await app.send(message(), "in", key=key)
        await app.settled()
        assert app.clock.monotonic() in (3_600, 7_200)


@both_ways
async def test_handler_that_is_busy_has_all_the_real_time_it_takes(concurrency: int) -> None:
    """A thread works for one message while another's retry waits: no timeout may fire meanwhile."""

    async def by_thread(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        async with app.clock.timeout(0.5):
            await asyncio.to_thread(pbkdf2_hmac, "sha256", b"", b"", 200_000)  # it leaves the loop to others meanwhile

    async def fail_once(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        if context.attempt == 1:
            raise ConnectionError("not yet")

    container = service(then={"ping": by_thread, "pong": fail_once}, consumer_concurrency=concurrency)
    async with Harness(container) as app:
        await app.send(message("pong"), "in", key="c")
        await app.send(message("ping"), "in", key="a")
        await app.settled()
        assert container.notes().attempts("ping") == [1]
        assert app.clock.monotonic() == 1


@both_ways
async def test_message_that_comes_while_a_retry_waits_is_handled_before_time_moves(concurrency: int) -> None:
    times: list[float] = []

    async def note(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        times.append(app.clock.monotonic())

    container = service(then={"do": note}, consumer_concurrency=concurrency, consumer_retry_interval=60_000)
    async with Harness(container) as app:
        fault = app.fail_next("ping", ConnectionError("not yet"))
        await app.send(message("ping"), "in", key="a")
        await app.advance(0)
        assert fault.left == 0
        await app.send(message(), "in", key="c")
        await app.settled()
        assert times == [0]
        assert app.clock.monotonic() == 60


async def test_task_that_a_handler_leaves_behind_is_not_waited_for_and_cannot_send() -> None:
    errors: list[Exception] = []
    going_on = asyncio.Event()

    async def outlive(emitter: BaseEventEmitter) -> None:
        await going_on.wait()
        try:
            await emitter.send(message("done"), "out")
        except SendError as error:
            errors.append(error)

    async def leave(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        tasks.append(asyncio.create_task(outlive(emitter)))

    tasks: list[asyncio.Task[None]] = []
    async with Harness(service(then={"do": leave})) as app:
        await app.send(message(), "in")
        await app.settled()
        going_on.set()
        await tasks[0]
        await app.settled()
        assert app.emitted("out") == []
    assert "a task that outlived the handler" in str(errors[0])


async def test_failure_of_the_test_is_seen_though_work_is_open() -> None:
    container = service(then={"do": block})
    with pytest.raises(AssertionError, match="of the test"):
        async with Harness(container) as app:
            await app.send(message(), "in")
            await app.advance(0)
            raise AssertionError("of the test")
    assert container.notes.overridden  # the test's own stays


async def test_failure_is_raised_where_no_body_is_cancelled() -> None:
    """As in a fixture, whose harness is entered in another task than the test's."""
    app: Harness[Any] = Harness(service(consumer_max_retries=0))
    await asyncio.create_task(app.__aenter__())
    app.fail_next("do", ValueError("broken"))
    await app.send(message(), "in")
    with pytest.raises(Exception, match="given up after 1 attempt, the last one failed with ValueError: broken"):
        await app.settled()
    await app.__aexit__(None, None, None)  # who has been told isn't told again


async def test_task_that_fails_beside_a_handler_that_blocks_is_told_at_once() -> None:
    async def fail() -> None:
        raise ValueError("beside")

    app: Harness[Any] = Harness(service(then={"do": block}), deadline=2)
    await asyncio.create_task(app.__aenter__())
    await app.send(message(), "in")
    settling = asyncio.create_task(app.settled())
    await app.advance(0)
    app.app.add_task(fail())
    with pytest.raises(ValueError, match="beside"):
        await settling
    failed = AssertionError("of the test")
    await app.__aexit__(AssertionError, failed, None)
