"""Finds what headers say of a record's identity, without reading them all where others of the same shape were read.

Where a header lies follows from the bytes before it: count, names, and how long each value is. So when all of those are
the same as in another record, each value is where it was in that one. A sender writes alike for each kind of event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from struct import Struct
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

_MISSING = -1  # the part that is None

_new = tuple.__new__


class Span(NamedTuple):
    """Where a header's value lies; `value` is None for one that is null."""

    name: str
    value: slice | None


class Layout(NamedTuple):
    """The shape of a record's headers.

    Parameters
        split: takes them apart: what must be the same and what varies, by turns.
        fixed: what must be the same.
        values: picks the identity, in the order of `Identity`, from the parts and a None for what isn't there.
    """

    split: Callable[[bytes], tuple[bytes, ...]]
    fixed: tuple[bytes, ...]
    values: Callable[[tuple[bytes | None, ...]], tuple[bytes | None, ...]]


class Layouts:
    """Remembers shapes by their size in bytes."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}
        self._misses = 0

    def __len__(self) -> int:
        return len(self._layouts)

    def identity(self, raw: bytes) -> Identity | None:
        """Return the identity of a record, if it is shaped as one before.

        Parameters
            raw: its headers, as they came.
        """
        layout = self._layouts.get(len(raw))
        if layout is None:
            return None
        parts = layout.split(raw)
        if parts[::2] != layout.fixed:
            self._misses += 1
            return None
        # As `Identity(…)` does, which is a call of Python's.
        return _new(Identity, layout.values((*parts, None)))

    def learn(self, raw: bytes, spans: Iterable[Span]) -> Identity:
        """Return the identity of a record of another shape, which may be remembered.

        Parameters
            spans: where each header lies; the last one of a name counts.
        """
        layout = _layout_of(raw, spans)
        if len(raw) not in self._layouts or self._misses % _RELEARNED == 0:
            if len(self._layouts) >= MOST:
                self._layouts.clear()
            self._layouts[len(raw)] = layout
        return Identity(*layout.values((*layout.split(raw), None)))


def _layout_of(raw: bytes, spans: Iterable[Span]) -> Layout:
    parts: dict[str, int] = {}
    sizes: list[int] = []
    begin = 0
    for name, value in spans:
        if name in _VARYING:
            parts[name] = _MISSING
            if value is not None:
                parts[name] = len(sizes) + 1
                sizes += [value.start - begin, value.stop - value.start]
                begin = value.stop
    sizes.append(len(raw) - begin)
    split = Struct("".join(f"{size}s" for size in sizes)).unpack
    return Layout(split, split(raw)[::2], itemgetter(*(parts.get(name, _MISSING) for name in _IDENTITY)))
