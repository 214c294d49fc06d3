"""Steps of a task, and cancelling it at one of them, chosen by number."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from enum import Enum
from functools import partial
from itertools import count
from typing import Any


class Moment(Enum):
    """When the cancellation arrives: what the task waits for is under way, or is there and not yet taken."""

    UNDER_WAY = "under way"
    DONE = "done"


async def one_step() -> None:
    """Let the tasks do a step."""
    loop = asyncio.get_running_loop()
    step = loop.create_future()
    loop.call_soon(step.set_result, None)
    await step


async def cancelled_at(step: int, moment: Moment, coroutine: Coroutine[Any, Any, None]) -> None:
    """Await the coroutine; when it waits for the time numbered `step`, from 0, its task is cancelled."""
    await _drive(coroutine, step, moment)


@types.coroutine
def _drive(
    coroutine: Coroutine[Any, Any, None], step: int, moment: Moment
) -> Generator[asyncio.Future[object] | None, None, None]:
    task = asyncio.current_task()
    assert task is not None
    resume = partial(coroutine.send, None)
    for number in count():
        try:
            future: asyncio.Future[object] | None = resume()
        except StopIteration:
            return
        if number == step:
            if future is None or moment is Moment.UNDER_WAY:
                task.get_loop().call_soon(task.cancel)
            else:
                future.add_done_callback(lambda _: task.cancel())  # called before the task is woken
        try:
            yield future
        except BaseException as error:  # noqa: BLE001  it is for the coroutine to handle
            resume = partial(coroutine.throw, error)
        else:
            resume = partial(coroutine.send, None)
