"""Numbers and errors in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return `1 message`, `2 messages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def described(error: BaseException) -> str:
    """Return the kind of an error and what it says, if it says anything."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
