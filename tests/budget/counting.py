"""Counts what a piece of work costs, in units that are the same on every machine."""

from __future__ import annotations

import gc
import inspect
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from types import CodeType, FrameType


class Count:
    """What was done while it was counted.

    `calls` are those of Python functions; going on with a coroutine is one too. `awaits` are the ones of coroutines.
    `blocks` are the pieces of memory that were allocated and not given back.
    """

    def __init__(self) -> None:
        self.calls: Counter[CodeType] = Counter()
        self.blocks = 0

    async def of(self, work: Callable[[], Awaitable[None]]) -> None:
        gc.collect()  # what others have left is not to be given back in between
        gc.disable()
        before = sys.getallocatedblocks()
        sys.setprofile(self._note)
        try:
            await work()
        finally:
            sys.setprofile(None)
            gc.collect()
            self.blocks = sys.getallocatedblocks() - before
            gc.enable()

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            self.calls[frame.f_code] += 1


class PerMessage:
    """What each further message costs: the difference of two counts, without what is done once or a batch.

    Parameters
        few, many: the counts of a piece of work.
        messages: more that there were in the second.
    """

    def __init__(self, few: Count, many: Count, messages: int) -> None:
        self._messages = messages
        self._calls = Counter(many.calls)
        self._calls.subtract(few.calls)
        self.blocks = (many.blocks - few.blocks) / messages

    @property
    def calls(self) -> float:
        return sum(self._calls.values()) / self._messages

    @property
    def awaits(self) -> float:
        found = sum(count for code, count in self._calls.items() if code.co_flags & inspect.CO_COROUTINE)
        return found / self._messages

    def table(self) -> str:
        """Return the calls a message of each function, the most frequent first."""
        lines = [
            f"{count / self._messages:6.2f}  {code.co_qualname}  ({code.co_filename}:{code.co_firstlineno})"
            for code, count in self._calls.most_common()
            if count / self._messages > 0.01
        ]
        return "\n".join(lines)
