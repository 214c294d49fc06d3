"""What asyncio leaves to say about tasks."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.tasks import is_being_cancelled, stack_of, unless


async def turn() -> None:
    await Clock().sleep(0)


async def test_work_is_cancelled_when_the_event_is_set_before_it_is_done() -> None:
    event, ended = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    waiting = asyncio.create_task(unless(event, work()))
    await turn()
    event.set()
    assert await waiting is None
    await ended.wait()


async def test_result_of_the_work_is_returned() -> None:
    async def work() -> int:
        await turn()
        return 1

    assert await unless(asyncio.Event(), work()) == 1


async def test_error_of_the_work_is_not_left_unread_when_the_waiter_is_cancelled() -> None:
    unread: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unread.append(context))

    async def work() -> None:
        await turn()
        raise ValueError("broken")

    for turns in range(1, 6):  # one of them is between the failure and the waiter's noticing
        waiting = asyncio.create_task(unless(asyncio.Event(), work()))
        for _ in range(turns):
            await turn()
        waiting.cancel()
        await asyncio.wait({waiting})
        if not waiting.cancelled():
            assert isinstance(waiting.exception(), ValueError)
        del waiting
        gc.collect()
    assert unread == []


async def test_cancellation_of_the_task_is_told_from_an_error_that_it_awaits() -> None:
    seen: list[bool] = []

    async def work() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        try:
            await future
        except asyncio.CancelledError:
            seen.append(is_being_cancelled())
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(is_being_cancelled())

    task = asyncio.create_task(work())
    await turn()
    task.cancel()
    await task
    assert seen == [False, True]


async def test_work_ends_with_who_waits_for_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    working = asyncio.create_task(unless(asyncio.Event(), work()))
    await Clock().sleep(0)
    await Clock().sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    await ended.wait()


async def inner(gate: asyncio.Event) -> None:
    await gate.wait()


async def outer(gate: asyncio.Event) -> None:
    await inner(gate)


async def through_a_generator(gate: asyncio.Event) -> None:
    async def numbers() -> AsyncIterator[int]:
        await inner(gate)
        yield 1

    async for _ in numbers():
        pass


async def in_a_context_manager(gate: asyncio.Event) -> None:
    async with Clock().timeout(60):
        await inner(gate)


@pytest.mark.parametrize("waiting", [outer, through_a_generator, in_a_context_manager])
async def test_stack_of_a_task_reaches_the_line_where_it_waits(
    waiting: Callable[[asyncio.Event], Awaitable[None]],
) -> None:
    gate = asyncio.Event()

    async def run() -> None:
        await waiting(gate)

    task = asyncio.create_task(run())
    await Clock().sleep(0)
    names = [frame.f_code.co_name for frame in stack_of(task)]
    gate.set()
    await task
    assert names[:2] == ["run", waiting.__name__]
    assert names[-2:] == ["inner", "wait"]


async def test_task_that_has_ended_has_no_stack() -> None:
    task = asyncio.create_task(Clock().sleep(0))
    await task
    assert stack_of(task) == []


async def test_generator_that_waits_for_its_next_turn_is_on_no_stack() -> None:
    gate = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        yield 1

    async def hold_a_generator() -> None:
        held = numbers()
        async for _ in held:
            await inner(gate)

    task = asyncio.create_task(hold_a_generator())
    await Clock().sleep(0)
    assert [frame.f_code.co_name for frame in stack_of(task)] == ["hold_a_generator", "inner", "wait"]
    gate.set()
    await task
