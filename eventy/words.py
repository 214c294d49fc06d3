"""Numbers, names and errors in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher

# How many names a message lists at most, and by how much one may be less like the mistaken name than the first.
_MANY = 3
_MUCH_ALIKE = 0.1


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


def closest(name: str, among: Iterable[object], *, cutoff: float = 0.5, shown: Callable[[str], str] = repr) -> str:
    """Return what a message says behind a mistaken name: those that are most like it; nothing where none is.

    Of dotted names, what stands after the last dot counts as much as the whole.

    Parameters
        among: the names there are; what is no text is passed over.
        cutoff: how much alike they must be, 1.0 being the same.
        shown: how a name is shown.
    """
    likeness = {one: _likeness(one, name) for one in among if isinstance(one, str)}
    least = max(cutoff, max(likeness.values(), default=0) - _MUCH_ALIKE)
    close = [one for one in sorted(likeness, key=likeness.__getitem__, reverse=True) if likeness[one] >= least]
    return f" (closest: {', '.join(map(shown, close[:_MANY]))})" if close else ""


def _likeness(one: str, other: str) -> float:
    ends = one.rpartition(".")[2], other.rpartition(".")[2]
    return (SequenceMatcher(None, one, other).ratio() + SequenceMatcher(None, *ends).ratio()) / 2


def listed(names: Iterable[object]) -> str:
    """Return names as a message has them: `'one', 'two'`."""
    return ", ".join(map(repr, names))
