"""Finds what headers say of a record's identity, without reading them all where others of the same shape were read.

Where a header lies follows from the bytes before it: count, names, and how long each value is. So when all of those are
the same as in another record, each value is where it was in that one. A sender writes alike for each kind of event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from eventy.message.headers import CE_CAUSATION_ID, CE_CORRELATION_ID, CE_ID, CE_TIME, TRACEPARENT
from eventy.message.record import Identity

_IDENTITY = (CE_ID, CE_CORRELATION_ID, CE_CAUSATION_ID, TRACEPARENT)
# Headers whose values are different in each record; more of them only make fewer records alike.
_VARYING = frozenset((*_IDENTITY, CE_TIME))
# Shapes that are remembered. Forged ones must not pile up.
MOST = 256
# Of the records that aren't shaped as the last one of their size, the share that is remembered instead.
_RELEARNED = 16

_new = tuple.__new__


class Place(NamedTuple):
    """Where a header's value lies; `value` is None for one that is null."""

    name: str
    value: slice | None


class Layout(NamedTuple):
    """The shape of a record's headers.

    Parameters
        fixed: what must be the same, and where.
        values: where the identity is, in the order of `Identity`; None for what isn't there.
    """

    fixed: tuple[tuple[bytes, int], ...]
    values: tuple[slice | None, slice | None, slice | None, slice | None]


class Layouts:
    """Remembers shapes by their size in bytes."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}
        self._misses = 0

    def __len__(self) -> int:
        return len(self._layouts)

    def identity(self, raw: bytes, places: Callable[[], Iterable[Place]]) -> Identity:
        """Return the identity of a record.

        Parameters
            raw: its headers, as they came.
            places: reads them all; the last one of a name counts.
        """
        layout = self._layouts.get(len(raw))
        if layout is not None:
            is_at = raw.startswith
            for part, at in layout.fixed:
                if not is_at(part, at):
                    self._misses += 1
                    break
            else:
                return _taken(raw, layout.values)
        learned = _layout_of(raw, places())
        if layout is None or self._misses % _RELEARNED == 0:
            if len(self._layouts) >= MOST:
                self._layouts.clear()
            self._layouts[len(raw)] = learned
        return _taken(raw, learned.values)


def _taken(raw: bytes, values: tuple[slice | None, ...]) -> Identity:
    one, two, three, four = values
    # As `Identity(…)` does, which is a call of Python's.
    found: Identity = _new(
        Identity,
        (
            raw[one] if one else None,
            raw[two] if two else None,
            raw[three] if three else None,
            raw[four] if four else None,
        ),
    )
    return found


def _layout_of(raw: bytes, places: Iterable[Place]) -> Layout:
    values: dict[str, slice | None] = {}
    fixed, begin = [], 0
    for name, value in places:
        if name in _VARYING:
            values[name] = value
            if value is not None:
                fixed.append((raw[begin : value.start], begin))
                begin = value.stop
    fixed.append((raw[begin:], begin))
    one, two, three, four = (values.get(name) for name in _IDENTITY)
    return Layout(tuple(fixed), (one, two, three, four))
