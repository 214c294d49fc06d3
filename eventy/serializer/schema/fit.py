"""A quick look whether data fits, where fastavro would write something else instead of refusing it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from eventy.serializer.schema.bounds import Types
from eventy.serializer.schema.names import is_named
from eventy.serializer.schema.schema import Schema

Fit = Callable[[Any], bool]

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_NUMBERS = frozenset((int, float))

_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # of the years 1 and 9999, in which datetime ends
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_DAY_MS = 24 * 60 * 60 * 1000


def compile_fit(schema: Schema) -> Fit:
    """Return a function that says True for data that surely fits the schema, or that fastavro's writer refuses.

    False means: look closer (`find_mismatch`). The writer turns 3.7 into 3 and "x" into True, drops a value that should
    be null, writes 2**40 for an int, which no other implementation reads, and writes moments and UUIDs that it can't
    read again. A full validation of each message would cost as much again as writing it; this takes a tenth, for it
    calls nothing for types whose wrong values the writer does refuse.
    """
    if schema.is_recursive:
        return _look_closer  # and count its levels
    return _fit(schema.name, schema.types) or _is_dict


def _fit(schema: Any, types: Types) -> Fit | None:
    """Return the check of a type; None: fastavro refuses by itself whatever doesn't fit."""
    if isinstance(schema, list):
        return _union_fit([_fit(branch, types) for branch in schema if branch != "null"])
    name = schema["name"] if is_named(schema) else schema
    if isinstance(name, str) and name in types:
        return _record_fit(types[name], types) if "fields" in types[name] else None
    if not isinstance(schema, dict):
        return _PRIMITIVES.get(schema)
    kind = schema["type"]
    if kind == "array":
        return _array_fit(_fit(schema["items"], types))
    if kind == "map":
        return _map_fit(_fit(schema["values"], types))
    return _LOGICAL.get(f"{kind}-{schema.get('logicalType')}") or _PRIMITIVES.get(kind)


def _record_fit(record: dict[str, Any], types: Types) -> Fit | None:
    fields = {field["name"]: field["type"] for field in record["fields"]}
    exact = tuple((name, _EXACT[kind]) for name, kind in fields.items() if isinstance(kind, str) and kind in _EXACT)
    fits_of = {name: _fit(kind, types) for name, kind in fields.items() if name not in dict(exact)}
    plan = tuple((name, fit) for name, fit in fits_of.items() if fit is not None)
    if not exact and not plan:
        return None

    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, cls in exact:  # which most messages consist of, and a call takes longer than the check
            if name in value and type(value[name]) is not cls:
                return False
        for name, fit in plan:  # noqa: SIM110  # a generator would take as long as the checks
            if name in value and not fit(value[name]):
                return False
        return True

    return fits


def _union_fit(branches: list[Fit | None]) -> Fit | None:
    fits = tuple(fit for fit in branches if fit is not None)
    if not fits:
        return None
    if len(fits) == 1:
        only = fits[0]
        return lambda value: value is None or only(value)
    return lambda value: value is None or any(fit(value) for fit in fits)


def _array_fit(item_fits: Fit | None) -> Fit:
    if item_fits is None:
        return lambda value: type(value) is list
    return lambda value: type(value) is list and all(map(item_fits, value))


def _map_fit(value_fits: Fit | None) -> Fit | None:
    if value_fits is None:
        return None
    return lambda value: type(value) is dict and all(map(value_fits, value.values()))


def _counted_fit(cls: type, first: int, last: int) -> Fit:
    """Return the check of a type that Avro counts from an origin, of which Python knows a part only."""
    return lambda value: type(value) is cls or (type(value) is int and first <= value <= last)


def _look_closer(_: Any) -> bool:
    return False


def _is_dict(value: Any) -> bool:
    return type(value) is dict


# Types whose values are of one class, whatever the value.
_EXACT: dict[str, type] = {"boolean": bool, "long": int}

_PRIMITIVES: dict[str, Fit] = {
    "null": lambda value: value is None,
    "boolean": lambda value: type(value) is bool,
    "int": lambda value: type(value) is int and _INT_MIN <= value <= _INT_MAX,
    "long": lambda value: type(value) is int,
    "float": lambda value: type(value) in _NUMBERS,
    "double": lambda value: type(value) in _NUMBERS,
}

_LOGICAL: dict[str, Fit] = {
    "int-date": _counted_fit(date, _FIRST_DAY, _LAST_DAY),
    "int-time-millis": _counted_fit(time, 0, _DAY_MS - 1),
    "long-time-micros": _counted_fit(time, 0, _DAY_MS * 1000 - 1),
    "long-timestamp-millis": _counted_fit(datetime, _FIRST_MS, _LAST_MS),
    "long-timestamp-micros": _counted_fit(datetime, _FIRST_MS * 1000, _LAST_MS * 1000 + 999),
    "long-local-timestamp-millis": _counted_fit(datetime, _FIRST_MS, _LAST_MS),
    "long-local-timestamp-micros": _counted_fit(datetime, _FIRST_MS * 1000, _LAST_MS * 1000 + 999),
    "string-uuid": lambda value: type(value) is UUID,
}
