"""What a schema must not be, lest a few bytes take all memory or the process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventy.errors import SchemaError
from eventy.serializer.schema.names import is_named

Types = dict[str, dict[str, Any]]

#: Values that may come of no bytes at all: records of nothing but empty records double with each level.
MAX_WEIGHTLESS_VALUES = 1_000


def refuse_unbounded(types: Types) -> None:
    """Raise SchemaError when messages of these types may be larger in memory than any multiple of their bytes.

    An array of nulls or empty records is a count and no more, so nine bytes claim 2**63 of them; and a record that
    contains itself, not by way of a union, array or map, has no end.
    """
    known: dict[str, int | None] = {}
    for name in types:
        _weightless_values(name, types, known, ())
    for name, definition in types.items():
        for field in definition.get("fields", ()):
            for items in _array_items(field["type"]):
                if _weightless_values(items, types, known, ()) is not None:
                    raise SchemaError(
                        f"{name}.{field['name']} is an array whose items take no bytes, "
                        "so that a short message may claim any number of them: make it an int, the number of items"
                    )


def is_recursive(types: Types) -> bool:
    """Tell whether a type contains itself, so that data may be nested as deeply as a message is long."""
    finished: set[str] = set()
    return any(_reaches_itself(name, types, (), finished) for name in types)


def _weightless_values(schema: Any, types: Types, known: dict[str, int | None], path: tuple[str, ...]) -> int | None:
    """Return how many values the type's encoding in no bytes has; None: it takes bytes."""
    name = schema["name"] if is_named(schema) else schema
    if not (isinstance(name, str) and name in types):
        return 1 if schema == "null" or (isinstance(schema, dict) and schema["type"] == "null") else None
    if name in path:
        raise SchemaError(f'{name} contains itself without end: make the inner one optional, ["null", "{name}"]')
    if name not in known:
        known[name] = _weightless_definition(name, types, known, (*path, name))
    return known[name]


def _weightless_definition(name: str, types: Types, known: dict[str, int | None], path: tuple[str, ...]) -> int | None:
    definition = types[name]
    if definition["type"] == "enum":
        return None
    if definition["type"] == "fixed":
        return 1 if definition["size"] <= 0 else None
    fields = [_weightless_values(field["type"], types, known, path) for field in definition["fields"]]
    total = 1 + sum(values for values in fields if values is not None)
    if total > MAX_WEIGHTLESS_VALUES:
        raise SchemaError(f"{name} has {total} values that take no bytes; at most {MAX_WEIGHTLESS_VALUES} are allowed")
    return None if None in fields else total


def _array_items(schema: Any) -> Iterator[Any]:
    match schema:
        case list():
            for branch in schema:
                yield from _array_items(branch)
        case {"type": "array", "items": items}:
            yield items
            yield from _array_items(items)
        case {"type": "map", "values": values}:
            yield from _array_items(values)


def _reaches_itself(schema: Any, types: Types, path: tuple[str, ...], finished: set[str]) -> bool:
    match schema:
        case list():
            return any(_reaches_itself(branch, types, path, finished) for branch in schema)
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return _reaches_itself(inner, types, path, finished)
    name = schema["name"] if is_named(schema) else schema
    if not isinstance(name, str) or name not in types or name in finished:
        return False
    if name in path:
        return True
    fields = types[name].get("fields", ())
    found = any(_reaches_itself(field["type"], types, (*path, name), finished) for field in fields)
    finished.add(name)
    return found
