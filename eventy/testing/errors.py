"""What goes wrong in a test rather than in the application."""

from __future__ import annotations

from eventy.errors import EventyError


class NotSettledError(EventyError, AssertionError):
    """Work is still open after the deadline; the message says what."""


class HarnessError(EventyError):
    """The test kit is asked for what it can't do at this moment, or with this container."""
