"""Time, timers and ids behind one object, so that a test can own them."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AbstractAsyncContextManager

# The digit that says which kind of UUID it is keeps two random bits.
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class Clock:
    """The real time. Nothing else in eventy asks the operating system or the event loop for it."""

    #: Return seconds since an arbitrary moment; they never go backwards. The function itself: it is called a lot.
    monotonic = staticmethod(time.monotonic)

    def now_ms(self) -> int:
        """Return the time of day, in ms since 1970-01-01T00:00Z, as Kafka's timestamps are."""
        return time.time_ns() // 1_000_000

    def new_id(self) -> str:
        """Return an id that nothing else has (a random UUID)."""
        digits = os.urandom(16).hex()
        # As `str(uuid4())` (RFC 9562, version 4), in a third of the time.
        variant = _VARIANTS[digits[16]]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[asyncio.Timeout]:
        """Cancel the body after so many seconds and raise `TimeoutError`; None: never."""
        return asyncio.timeout(seconds)
