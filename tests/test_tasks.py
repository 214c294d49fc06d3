"""What asyncio leaves to say about tasks."""

import asyncio
import gc
from types import FrameType
from typing import Any

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


async def test_stack_reaches_the_innermost_coroutine() -> None:
    async def inner() -> None:
        await asyncio.Event().wait()

    async def outer() -> None:
        await inner()

    task = asyncio.create_task(outer())
    await turn()
    frames: list[FrameType] = stack_of(task)
    assert [frame.f_code.co_name for frame in frames] == ["outer", "inner", "wait"]
    task.cancel()
    await asyncio.wait({task})
