"""All tests of the suite and their fixtures, for one `from … import *`."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from eventy.testing.conformance import (
    bad_input,
    emitter,
    exactly_once,
    exhaustion,
    groups,
    handling,
    lanes,
    letters,
    positions,
    receiving,
    replay,
    retry,
    scope,
    stalls,
    stop,
    topics,
)

AREAS = (
    bad_input,
    emitter,
    exactly_once,
    exhaustion,
    groups,
    handling,
    lanes,
    letters,
    positions,
    receiving,
    replay,
    retry,
    scope,
    stalls,
    stop,
    topics,
)


def _found(area: ModuleType) -> dict[str, Any]:
    """Return an area's tests and fixtures by name, with the marks that the area has as a whole."""
    marks = getattr(area, "pytestmark", None)
    found = {}
    for name, value in vars(area).items():
        if name.startswith("test_"):
            found[name] = marks(value) if marks is not None else value
        elif type(value).__name__ == "FixtureFunctionDefinition":
            found[name] = value
    return found


def _all_of(areas: Iterable[ModuleType]) -> dict[str, Any]:
    everything: dict[str, Any] = {}
    for area in areas:
        found = _found(area)
        if twice := everything.keys() & found.keys():
            raise RuntimeError(f"two areas have {', '.join(sorted(twice))}: one of them would never run")
        everything |= found
    return everything


_EVERYTHING = _all_of(AREAS)
globals().update(_EVERYTHING)
__all__ = list(_EVERYTHING)
