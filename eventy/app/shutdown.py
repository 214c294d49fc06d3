"""Stopping components one after the other, by a deadline for all of them."""

from __future__ import annotations

import logging

from eventy.app.base import Component
from eventy.clock import Clock
from eventy.errors import EventyError, ShutdownTimeoutError

logger = logging.getLogger(__name__)

# Seconds that a component gets even when those before it have used up the time.
_GRACE = 1.0


class Shutdown:
    """Stops components; what goes wrong doesn't keep the others from being stopped.

    Parameters
        timeout: ms from the first stop to the last.
    """

    def __init__(self, clock: Clock, timeout: int) -> None:
        self._clock = clock
        self._timeout = timeout
        self._deadline: float | None = None
        self.errors: list[EventyError] = []

    async def stop(self, component: Component) -> None:
        """Stop one, or cancel its stopping at the deadline."""
        if self._deadline is None:
            self._deadline = self._clock.monotonic() + self._timeout / 1000
        name = getattr(component, "name", type(component).__name__)
        try:
            async with self._clock.timeout(max(self._deadline - self._clock.monotonic(), _GRACE)):
                await component.stop()
        except TimeoutError:
            self.errors.append(
                ShutdownTimeoutError(f"{name} wasn't done after {self._timeout} ms (EVENTY_SHUTDOWN_TIMEOUT)")
            )
        except EventyError as error:
            self.errors.append(error)
        except Exception as error:
            logger.exception("stopping %s failed", name)
            self.errors.append(EventyError(f"stopping {name} failed: {type(error).__name__}: {error}"))

    def failure(self) -> EventyError | None:
        """Return one error for all that went wrong."""
        if not self.errors:
            return None
        if len(self.errors) == 1:
            return self.errors[0]
        late = any(isinstance(error, ShutdownTimeoutError) for error in self.errors)
        return (ShutdownTimeoutError if late else EventyError)("; ".join(str(error) for error in self.errors))
