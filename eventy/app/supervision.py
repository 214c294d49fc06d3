"""Tasks whose failure ends the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Supervisor:
    """Runs tasks for as long as the body of an `async with` does; the first that fails cancels the body.

    Leaving the body then raises the task's error in place of the cancellation.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._body: asyncio.Task[Any] | None = None
        self._failure: BaseException | None = None

    def enter(self) -> None:
        """Begin: the current task runs the body."""
        self._body = asyncio.current_task()

    def run(self, coroutine: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Run a task. It may end by itself, but not by an error."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failure is not None:
            logger.error("%s failed as well", task.get_name(), exc_info=error)
        else:
            self._failure = error
            if self._body is not None:
                self._body.cancel()

    async def cancel(self) -> None:
        """End the tasks that still run."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def leave(self) -> BaseException | None:
        """End supervision; return the failure, if any, having taken back the cancellation that it caused."""
        body, self._body = self._body, None
        if self._failure is not None and body is not None:
            body.uncancel()
        return self._failure
