"""What asyncio leaves to say about tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from gc import get_referents
from types import AsyncGeneratorType, FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# Of coroutines, generators and asynchronous generators.
_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")


def is_being_cancelled() -> bool:
    """Return whether a CancelledError is meant for the current task, rather than raised by what it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Stop(asyncio.Event):
    """An event that is never cleared, and asked once for each message: looking at `is_on` is no call."""

    is_on = False

    def set(self) -> None:
        self.is_on = True
        super().set()


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what some work returns; None when the event is set before it has: then the work is cancelled, and over."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if is_cut_short := not working.done():
            working.cancel()
            await asyncio.wait({working})
        read_error(working)  # raised below, but not if we are cancelled
    return None if is_cut_short else working.result()


async def cancel(tasks: Collection[asyncio.Task[Any]], seconds: float) -> set[asyncio.Task[Any]]:
    """Cancel tasks, and return those that ignore it for so long."""
    for task in tasks:
        task.cancel()
    return (await asyncio.wait(tasks, timeout=seconds))[1] if tasks else set()


def read_error(ended: asyncio.Future[Any]) -> None:
    """Read an error that nobody may wait for any more: unread it would be logged."""
    if not ended.cancelled():
        ended.exception()


def stack_of(task: asyncio.Task[Any]) -> list[FrameType]:
    """Return the frames of a suspended task, outermost first: of its coroutine and of all that it awaits.

    The task itself tells the outermost alone.
    """
    frames: list[FrameType] = []
    awaited: object = task.get_coro()
    while awaited is not None:
        if (frame := _first(awaited, _FRAMES)) is None:
            awaited = _generator_behind(awaited)
        else:
            frames.append(frame)
            awaited = _first(awaited, _AWAITED)
    return frames


def _generator_behind(step: object) -> object:
    """Return the asynchronous generator whose step is awaited. The step itself has it told to the collector alone."""
    return next((found for found in get_referents(step) if isinstance(found, AsyncGeneratorType)), None)


def _first(found: object, names: tuple[str, ...]) -> Any:
    return next((value for name in names if (value := getattr(found, name, None)) is not None), None)
