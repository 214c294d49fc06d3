"""Keeps a library that says the same over and over from flooding the log."""

from __future__ import annotations

import logging

# Seconds between two lines of the same text and, in it, other numbers or names.
_INTERVAL = 10.0


class OncePerInterval:
    """Lets a line of some loggers pass, and its like again only after an interval; a filter of a handler.

    Parameters
        names: the loggers, with those below them.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._passed: dict[tuple[str, object], float] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        if not any(record.name == name or record.name.startswith(f"{name}.") for name in self._names):
            return True
        like = record.name, record.msg
        if record.created - self._passed.get(like, float("-inf")) < _INTERVAL:
            return False
        self._passed[like] = record.created
        return True
