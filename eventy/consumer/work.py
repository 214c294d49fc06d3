"""The contract of how a partition's messages are worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from eventy.errors import HandlerError
from eventy.message.record import Record


class Running(NamedTuple):
    """A message whose handlers run.

    Parameters
        since: when the attempt began, in seconds on the clock that never goes back.
        task: in which they run.
    """

    record: Record
    since: float
    task: asyncio.Task[Any]


def cancelled_itself(where: object) -> HandlerError:
    """Return the error for a handler that has cancelled the task that it runs in."""
    return HandlerError(
        f"{where}: a handler has cancelled the task that it runs in. Nothing was committed past it: don't cancel "
        "asyncio.current_task() in a handler, raise an error instead"
    )


#: Notes the offset of the first message that isn't done.
Mark = Callable[[int], None]

#: Tells until when a task does nothing but wait for the clock; None when that isn't all it does.
Nap = Callable[[asyncio.Task[Any]], float | None]


class Work(Protocol):
    """Takes messages from a backlog, and marks how far everything is done."""

    async def run(self) -> None:
        """Work until stopped: what runs then is finished.

        Raises HandlerError for a message that is given up, and PartitionMovedError.
        """
        ...

    def running(self) -> Iterable[Running]:
        """Return the messages whose handlers run."""
        ...

    def due(self, nap: Nap) -> float | None:
        """Return until when all of it waits for the clock, infinity when there is nothing; None: something goes on."""
        ...
