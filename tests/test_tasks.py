"""What asyncio leaves to say about tasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from eventy.clock import Clock
from eventy.tasks import stack_of, unless


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


async def test_work_is_cancelled_when_the_event_comes_first() -> None:
    event, ended = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    working = asyncio.create_task(unless(event, work()))
    await Clock().sleep(0)
    event.set()
    assert await working is None
    await ended.wait()


async def test_work_that_is_done_first_gives_its_result_or_its_error() -> None:
    async def give() -> int:
        return 1

    async def fail() -> int:
        raise LookupError("a bug")

    assert await unless(asyncio.Event(), give()) == 1
    with pytest.raises(LookupError):
        await unless(asyncio.Event(), fail())


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
