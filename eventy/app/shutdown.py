"""Stopping components one after the other, by a deadline for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from eventy.clock import Clock
from eventy.errors import EventyError, ShutdownTimeoutError
from eventy.words import described

logger = logging.getLogger(__name__)

# Seconds that a component gets even when those before it have used up the time.
_GRACE = 1.0
# Seconds for a component to give up once it is cancelled: a consumer ends its handlers, and leaves its broker.
_CANCEL = 3.0


class Stopped(Protocol):
    """Whatever is stopped: a component, or the tasks beside them."""

    async def stop(self) -> None: ...


class Shutdown:
    """Stops components; what goes wrong doesn't keep the others from being stopped.

    Parameters
        timeout: ms from the first stop to the last.
    """

    def __init__(self, clock: Clock, timeout: int) -> None:
        self._clock = clock
        self._timeout = timeout
        self._deadline: float | None = None
        #: Whether what has messages or requests under way gets no time at all to finish them.
        self.is_cut_short = False
        self.errors: list[EventyError] = []

    async def stop(self, component: Stopped, *, is_cuttable: bool = False) -> None:
        """Stop one, or cancel its stopping at the deadline.

        Parameters
            is_cuttable: whether it has messages or requests under way.
        """
        name = getattr(component, "name", type(component).__name__)
        try:
            if self.is_cut_short and is_cuttable:
                await self._cut_short(component, name)
            else:
                await self._stop_in_time(component, name)
        except EventyError as error:
            self.errors.append(error)
        except Exception as error:
            logger.exception("stopping %s failed", name)
            self.errors.append(EventyError(f"stopping {name} failed: {described(error)}"))

    async def _stop_in_time(self, component: Stopped, name: str) -> None:
        if self._deadline is None:
            self._deadline = self._clock.monotonic() + self._timeout / 1000
        # In a task of its own: who ignores the cancellation is left behind, and the others are stopped.
        stopping = asyncio.create_task(_stop(component), name=f"stopping {name}")
        late = False
        try:
            async with self._clock.timeout(max(self._deadline - self._clock.monotonic(), _GRACE)):
                await asyncio.wait({stopping})
        except TimeoutError:
            late = True
        finally:
            if not stopping.done():
                stopping.cancel()
                await asyncio.wait({stopping}, timeout=_CANCEL)
        if not late or (stopping.done() and not stopping.cancelled() and stopping.exception() is not None):
            stopping.result()
        if late:
            raise ShutdownTimeoutError(f"{name} wasn't done after {self._timeout} ms (EVENTY_SHUTDOWN_TIMEOUT)")

    async def _cut_short(self, component: Stopped, name: str) -> None:
        stopping = asyncio.create_task(_stop(component), name=f"stopping {name}")
        await self._clock.sleep(0)  # it has begun then
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=_CANCEL)
        if stopping.done() and not stopping.cancelled():
            stopping.result()

    def failure(self, known: Sequence[BaseException]) -> EventyError | None:
        """Return one error for all that went wrong, beside what is known already."""
        errors = [error for error in self.errors if error not in known]
        if not errors:
            return None
        if len(errors) == 1:
            return errors[0]
        late = any(isinstance(error, ShutdownTimeoutError) for error in errors)
        return (ShutdownTimeoutError if late else EventyError)("; ".join(str(error) for error in errors))


async def _stop(component: Stopped) -> None:
    await component.stop()
