"""Has the client notice that the broker can't say yet what a group has committed.

A coordinator that is still loading, just after it has started say, answers so for the whole request. The client looks
at the errors of single partitions only: to it nothing is committed, and the group would begin wherever a new one does,
which repeats its messages or passes over them.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import errors
from aiokafka.consumer import consumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.protocol.commit import OffsetFetchRequest

from eventy.tasks import read_error


def heed_errors_of_offsets() -> None:
    """Have all consumers of this process notice it, and ask again. Calling it again changes nothing."""
    consumer.GroupCoordinator = _Coordinator


class _Coordinator(GroupCoordinator):  # type: ignore[misc]  # the client isn't typed
    async def _do_commit_offsets(self, *arguments: Any) -> None:
        committing = asyncio.current_task()  # which goes on when whoever has asked for it gives up
        assert committing is not None
        committing.add_done_callback(read_error)
        await super()._do_commit_offsets(*arguments)

    async def _send_req(self, request: Any) -> Any:
        response = await super()._send_req(request)
        if isinstance(request, OffsetFetchRequest) and (code := getattr(response, "error_code", 0)):
            error = errors.for_code(code)
            if error in (errors.NotCoordinatorForGroupError, errors.GroupCoordinatorNotAvailableError):
                self.coordinator_dead()  # found out anew before the next try
            raise error(f"committed offsets of {self.group_id}: {error.__name__}")
        return response
