"""The loop that an application is built in: constructors may ask for the one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def inside_loop(step: Callable[[], T]) -> T:
    """Call a function inside the loop that runs, else inside one of its own, and return what it returns."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:  # given one, it leaves the current loop be
            return runner.run(_called(step))
    return step()


async def _called(step: Callable[[], T]) -> T:
    return step()
