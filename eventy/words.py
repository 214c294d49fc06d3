"""Numbers, names and errors in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def counted(count: int, noun: str) -> str:
    """Return `1 message`, `2 messages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def described(error: BaseException) -> str:
    """Return the kind of an error and what it says, if it says anything, or why it can't."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception as another:  # noqa: BLE001  # a user's `__str__` may raise whatever it likes
        return f"{name}, whose text can't be had: {type(another).__name__}"
    return f"{name}: {text}" if text else name


def closest(name: str, among: Iterable[object]) -> str:
    """Return what a message adds about names that are much like this one, if there are any."""
    close = get_close_matches(name, [candidate for candidate in among if isinstance(candidate, str)], cutoff=0.5)
    return f" (closest: {listed(close)})" if close else ""


def listed(names: Iterable[object]) -> str:
    """Return names as a message has them: `'one', 'two'`."""
    return ", ".join(map(repr, names))
