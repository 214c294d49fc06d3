"""Which value doesn't fit a schema, and where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from reprlib import repr as shown
from typing import Any

import fastavro
from fastavro.validation import validate

from eventy.serializer.schema.names import is_named
from eventy.serializer.schema.schema import MAX_NESTING, Schema
from eventy.words import closest

_GIVEN_BY = {"correlation_id": "corr_id", "event_timestamp": "timestamp"}
_BITS = {"int": "int (32 bits, signed)", "long": "long (64 bits, signed)"}


def find_mismatch(data: object, schema: Schema) -> str | None:
    """Return what was found, what was expected and what to do, with the path of the value; None when all fits."""
    return _Search(schema).look(data, schema.name, "", 0)


class _Search:
    """Looks through data and schema side by side, depth first, and stops at the first value that doesn't fit."""

    def __init__(self, schema: Schema) -> None:
        self._types = schema.types

    def look(self, value: object, schema: Any, path: str, depth: int) -> str | None:
        if depth > MAX_NESTING:
            return f"{path[:40]}… is nested deeper than {MAX_NESTING} levels, so it couldn't be read again: flatten it"
        name = schema["name"] if is_named(schema) else schema
        if isinstance(name, str) and name in self._types:
            schema = self._types[name]
        match schema:
            case list():
                return self._look_at_branches(value, schema, path, depth)
            case {"type": "array"}:
                return self._look_at_items(value, schema, path, depth + 1)
            case {"type": "map"}:
                return self._look_at_values(value, schema, path, depth + 1)
            case {"fields": _}:
                return self._look_at_fields(value, schema, path, depth + 1)
        return None if _is_valid(value, schema) else _wrong(value, schema, path)

    def _look_at_items(self, value: object, schema: Any, path: str, depth: int) -> str | None:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
            return _wrong(value, schema, path)
        return _first(self.look(item, schema["items"], f"{path}[{i}]", depth) for i, item in enumerate(value))

    def _look_at_values(self, value: object, schema: Any, path: str, depth: int) -> str | None:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            return _wrong(value, schema, path)
        return _first(self.look(item, schema["values"], f"{path}[{key!r}]", depth) for key, item in value.items())

    def _look_at_fields(self, value: object, record: Any, path: str, depth: int) -> str | None:
        if not isinstance(value, Mapping):
            return _wrong(value, record, path)
        inside = f"{path}." if path else ""
        types = {field["name"]: field["type"] for field in record["fields"]}
        for key in value:
            if key not in types:
                return f"{inside}{key} is no field of {record['name']}{closest(str(key), types)}: correct or remove it"
        for field in record["fields"]:
            if field["name"] not in value and "default" not in field:
                return _missing(field["name"], path)
        return _first(self.look(item, types[key], f"{inside}{key}", depth) for key, item in value.items())

    def _look_at_branches(self, value: object, branches: list[Any], path: str, depth: int) -> str | None:
        match value:
            case (str(meant), inner):  # fastavro's way to name the branch of a union
                for branch in branches:
                    if meant == (branch["name"] if is_named(branch) else branch):
                        return self.look(inner, branch, path, depth)
        found = [self.look(value, branch, path, depth) for branch in branches]
        if None in found:
            return None
        # Where just one branch is of the value's kind, what is wrong inside says more than what else it could be.
        inner_faults = [text for text in found if text and not text.startswith(_found(value, path))]
        return inner_faults[0] if len(inner_faults) == 1 else _wrong(value, branches, path)


def _is_valid(value: object, schema: Any) -> bool:
    try:
        if not validate(value, schema, raise_errors=False):
            return False
        if isinstance(schema, dict) and "logicalType" in schema:  # a moment after the year 9999 can only be written
            written = BytesIO()
            fastavro.schemaless_writer(written, schema, value)
            written.seek(0)
            fastavro.schemaless_reader(written, schema)
    except Exception:  # noqa: BLE001  # what converts values of logical types, such as decimals, raises errors of its own
        return False
    return True


def _missing(name: str, path: str) -> str:
    if path:
        return f"{path}.{name} is missing: put it in the event's data, or give the schema a default"
    argument = f", pass {_GIVEN_BY[name]} to encode()" if name in _GIVEN_BY else ""
    return f"{name} is missing: put it in the event's data{argument}, or give the schema a default"


def _wrong(value: object, schema: Any, path: str) -> str:
    return f"{_found(value, path)}, expected {_expected(schema)}: correct the event's data"


def _found(value: object, path: str) -> str:
    return f"{path or 'the data'} is {shown(value)} ({type(value).__qualname__})"


def _expected(schema: Any) -> str:  # noqa: PLR0911  # a case each
    match schema:
        case list():
            return " or ".join(_expected(branch) for branch in schema)
        case {"symbols": symbols}:
            return f"one of {', '.join(symbols)}"
        case {"type": "fixed", "size": size}:
            return f"{size} bytes"
        case {"type": kind, "logicalType": logical_type}:
            return f"{kind} ({logical_type})"
        case {"type": kind, "name": name}:
            return f"{kind} {name}"
        case {"type": kind}:
            return _BITS.get(kind, str(kind))
    return _BITS.get(schema, str(schema))


def _first(found: Iterable[str | None]) -> str | None:
    return next((text for text in found if text is not None), None)
