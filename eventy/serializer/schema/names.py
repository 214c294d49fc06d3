"""Names of schemas (Avro 1.12 specification, "Names")."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from eventy.errors import SchemaError

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
_NAMED = frozenset(("record", "error", "enum", "fixed"))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_named(schema: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether this defines a type that has a name: a record, an enum or a fixed."""
    return isinstance(schema, dict) and isinstance(schema.get("type"), str) and schema["type"] in _NAMED


def full_name(definition: dict[str, Any], enclosing_namespace: str) -> str:
    """Return the full name of a record, enum or fixed. Raises SchemaError when it has no usable one."""
    name, namespace = definition.get("name"), definition.get("namespace", enclosing_namespace)
    if not isinstance(name, str) or not isinstance(namespace, str | None):
        raise SchemaError(
            f"a {definition['type']} has the name {name!r} in the namespace {namespace!r}: give it a name"
        )
    if "." not in name and namespace:
        name = f"{namespace}.{name}"
    if not all(_NAME.fullmatch(part) for part in name.split(".")):
        raise SchemaError(f"{name!r} can't be a name: its parts may have letters, digits and _, no digit first")
    return name


def reference(name: str, enclosing_namespace: str) -> str:
    """Return the full name of the type that a definition in this namespace refers to."""
    if name in PRIMITIVES or "." in name or not enclosing_namespace:
        return name
    return f"{enclosing_namespace}.{name}"


def namespace_of(name: str) -> str:
    """Return what stands before the last dot of a full name."""
    return name.rpartition(".")[0]
