"""Time that a test moves, and what becomes due on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.clock import VirtualClock
from eventy.testing.harness import Harness, HarnessError
from tests.testing.service import message, service

both_ways = pytest.mark.parametrize("concurrency", [1, 4])


@pytest.mark.parametrize("ms", [-1, float("nan"), float("inf")])
async def test_time_that_does_not_come_is_refused(ms: float) -> None:
    async with Harness(service()) as app:
        with pytest.raises(HarnessError, match=r"advance\(.*\): time only moves on, expected ms, a number from 0"):
            await app.advance(ms)
        assert app.clock.monotonic() == 0


@both_ways
async def test_retry_is_made_when_it_is_due_and_not_before(concurrency: int) -> None:
    container = service(consumer_concurrency=concurrency, consumer_retry_interval=1_000)
    async with Harness(container) as app:
        app.fail_next("do", ConnectionError("away"), times=2, after=True)
        await app.send(message(), "in")
        made = []
        for _ in range(6):
            await app.advance(500)
            made.append(container.notes().attempts("do")[-1])
        assert made == [1, 2, 2, 2, 2, 3]  # after 1 s, and 2 s later
        assert app.clock.monotonic() == 3


async def test_task_beside_the_consumers_ticks_at_its_moments_and_its_messages_are_handled() -> None:
    times: list[float] = []

    async def tick() -> None:
        while True:
            await app.clock.sleep(10)
            await app.send(message(), "in")

    async def note(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        times.append(app.clock.monotonic())

    async with Harness(service(then={"do": note})) as app:
        app.app.add_task(tick())
        await app.advance(35_000)
        assert times == [10, 20, 30]
        assert app.clock.monotonic() == 35


async def test_task_beside_the_consumers_is_waited_for_by_whoever_moves_the_time_and_not_by_settled() -> None:
    async def later(emitter: BaseEventEmitter) -> None:
        await app.clock.sleep(5)
        await emitter.send(message("done"), "out")

    async def add(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        app.app.add_task(later(emitter))

    async with Harness(service(then={"do": add})) as app:
        await app.send(message(), "in")
        await app.settled()
        assert (app.emitted("out"), app.clock.monotonic()) == ([], 0)
        await app.advance(5_000)
        assert len(app.emitted("out")) == 1


async def test_on_the_way_to_a_retry_every_timer_has_its_own_moment() -> None:
    times: list[float] = []

    async def tick() -> None:
        while True:
            await app.clock.sleep(10)
            times.append(app.clock.monotonic())

    async with Harness(service(consumer_retry_interval=35_000)) as app:
        app.fail_next("do", ConnectionError("away"))
        app.app.add_task(tick())
        await app.send(message(), "in")
        await app.settled()
        assert times == [10, 20, 30]
        assert app.clock.monotonic() == 35


@both_ways
async def test_time_limit_of_a_handler_that_gets_no_answer_passes(concurrency: int) -> None:
    async def ask(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        if context.attempt == 1:
            async with app.clock.timeout(5):
                await asyncio.Event().wait()

    container = service(then={"do": ask}, consumer_concurrency=concurrency)
    async with Harness(container) as app:
        await app.send(message(), "in")
        await app.advance(4_999)
        assert container.notes().attempts("do") == [1]
        await app.advance(1_001)
        assert container.notes().attempts("do") == [1, 2]
        await app.settled()


async def test_handler_that_hangs_is_told_by_readiness_when_its_time_is_over() -> None:
    async def hang(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()

    container = service(then={"do": hang}, consumer_stall_timeout=60_000)
    async with Harness(container) as app:
        await app.send(message(), "in")
        await app.advance(59_000)
        assert app.app.readiness() == {}
        await app.advance(600_000)
        (reason,) = app.app.readiness().values()
        assert "handlers that hang: in[" in reason
        container.notes().going_on.set()
        await app.settled()


async def test_sleep_counts_from_its_call_though_its_task_has_not_begun() -> None:
    clock = VirtualClock()
    sleeping = asyncio.create_task(clock.sleep(1))
    clock.advance(1)
    await sleeping
    assert clock.monotonic() == 1


async def test_advance_fires_what_is_due_and_nothing_beyond() -> None:
    clock, fired = VirtualClock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        fired.append(seconds)

    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)  # noqa: TID251 - they begin
    tasks[1].cancel()
    await asyncio.wait({tasks[1]})
    clock.advance(2.5)
    await asyncio.sleep(0)  # noqa: TID251 - whom it wakes has run
    assert fired == [2]
    assert clock.next_due() == 3
    clock.advance(1)
    await tasks[0]
