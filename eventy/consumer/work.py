"""The contract of how a partition's messages are worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

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


class Work(Protocol):
    """Takes messages from a backlog, and marks how far everything is done."""

    async def run(self) -> None:
        """Work until stopped: what runs then is finished. Raises HandlerError for a message that is given up."""
        ...

    def running(self) -> Iterable[Running]:
        """Return the messages whose handlers run."""
        ...
