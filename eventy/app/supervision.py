"""Tasks whose failure ends the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from eventy.errors import EventyError

logger = logging.getLogger(__name__)


class Supervisor:
    """Runs tasks beside a body; the first that fails cancels the body, whose end then raises that task's error.

    It stops like a component does: its tasks are ended by the deadline of all.

    Parameters
        failed: called when a task has failed.
    """

    name = "tasks"

    def __init__(self, failed: Callable[[], None] = lambda: None) -> None:
        self.failures: list[BaseException] = []
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self._body: asyncio.Task[Any] | None = None

    def enter(self) -> None:
        """Begin: the current task runs the body."""
        self._body = asyncio.current_task()
        if self.failures and self._body is not None:
            self._body.cancel()

    def leave(self) -> None:
        """End the body, and take back the cancellation that a failure has caused."""
        body, self._body = self._body, None
        if self.failures and body is not None:
            body.uncancel()

    def run(self, coroutine: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Run a task. It may end by itself, but not by an error.

        It begins with a context of its own: whoever calls may be handling a message, which the task outlives.
        """
        task = asyncio.get_running_loop().create_task(coroutine, name=name, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.failures.append(error)
        self._failed()
        if len(self.failures) > 1:
            known = isinstance(error, EventyError)  # its text says all
            logger.error("%s failed as well: %s", task.get_name(), error, exc_info=None if known else error)
        elif self._body is not None:
            self._body.cancel()

    async def stop(self) -> None:
        """End the tasks that still run."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
