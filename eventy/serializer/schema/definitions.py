"""Every named type of a set of documents, whichever refers to which."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shown
from typing import Any

from eventy.errors import SchemaError
from eventy.serializer.schema.files import Document
from eventy.serializer.schema.names import PRIMITIVES, full_name, is_named, namespace_of, reference
from eventy.words import closest


@dataclass(frozen=True, slots=True)
class Definition:
    """A record, enum or fixed, all names in it full; `is_message`: it is a record and not part of another."""

    schema: dict[str, Any]
    where: str
    is_message: bool


@dataclass(frozen=True, slots=True)
class _Reference:
    name: str
    user: str
    where: str


class Definitions:
    """The named types, by full name.

    Unlike in one Avro file, a name may be used before its definition, and in another file than that.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Definition] = {}
        self._references: list[_Reference] = []

    def add(self, document: Document) -> None:
        """Take in the type that a document defines, or the list of them, and the types inside those.

        Raises SchemaError for what is no definition, and for a name that is taken.
        """
        content, where = document.content, document.where
        for definition in content if isinstance(content, list) else [content]:
            if not is_named(definition):
                raise SchemaError(
                    f"{where}: found {shown(definition)}, expected a record, an enum or a fixed, "
                    'that is {"type": "record", "name": …, "fields": […]}, or a list of them'
                )
            try:
                self._named(definition, "", where, is_top_level=True)
            except RecursionError as error:
                raise SchemaError(f"{where}: nested too deeply: give the inner types a file of their own") from error

    def check_references(self) -> None:
        """Raise SchemaError for a type that is used and defined nowhere."""
        for used in self._references:
            if used.name not in self._by_name:
                raise SchemaError(
                    f"{used.where}: {used.user} is of type {used.name!r}, which no file defines"
                    f"{closest(used.name, self._by_name)}: correct the name, or add a file that defines it"
                )

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Definition:
        return self._by_name[name]

    def items(self) -> tuple[tuple[str, Definition], ...]:
        """Return the definitions and their names, by name."""
        return tuple(sorted(self._by_name.items()))

    def _named(self, schema: dict[str, Any], namespace: str, where: str, *, is_top_level: bool) -> dict[str, Any]:
        try:
            name = full_name(schema, namespace)
        except SchemaError as error:
            raise SchemaError(f"{where}: {error}") from error
        if name in self._by_name:
            raise SchemaError(
                f"{name!r} is defined twice, in {self._by_name[name].where} and in {where}: remove or rename one"
            )
        # An explicit namespace, as a name without a dot would else be put into that of the type around it.
        qualified = {**schema, "name": name, "namespace": namespace_of(name)}
        self._by_name[name] = Definition(qualified, where, is_top_level and schema["type"] == "record")
        if schema["type"] in ("record", "error"):
            qualified["fields"] = self._fields(name, schema.get("fields"), where)
        elif schema["type"] == "fixed" and not isinstance(schema.get("size"), int):
            raise SchemaError(f"{where}: {name} has the size {schema.get('size')!r}: expected a number of bytes")
        return qualified

    def _fields(self, record: str, fields: object, where: str) -> list[dict[str, Any]]:
        if not isinstance(fields, list):
            raise SchemaError(f"{where}: {record} has the fields {shown(fields)}: expected a list of fields")
        qualified: dict[str, dict[str, Any]] = {}
        for field in fields:
            if not (isinstance(field, dict) and isinstance(field.get("name"), str) and "type" in field):
                raise SchemaError(f"{where}: {record} has the field {shown(field)}: give it a name and a type")
            name = field["name"]
            if name in qualified:
                raise SchemaError(f"{where}: {record} has two fields {name!r}: remove or rename one")
            typed = self._qualified(field["type"], namespace_of(record), f"{record}.{name}", where)
            qualified[name] = {**field, "type": typed}
        return list(qualified.values())

    def _qualified(self, schema: Any, namespace: str, user: str, where: str) -> Any:  # noqa: PLR0911  # a case each
        match schema:
            case str():
                name = reference(schema, namespace)
                if name not in PRIMITIVES:
                    self._references.append(_Reference(name, user, where))
                return name
            case list():
                return [self._qualified(branch, namespace, user, where) for branch in schema]
            case {"type": "array", "items": items}:
                return {**schema, "items": self._qualified(items, namespace, user, where)}
            case {"type": "map", "values": values}:
                return {**schema, "values": self._qualified(values, namespace, user, where)}
            case dict() if is_named(schema):
                return self._named(schema, namespace, where, is_top_level=False)
            case {"type": str(kind)} if kind in PRIMITIVES:
                return schema
            case {"type": inner} if inner not in ("array", "map"):
                return self._qualified(inner, namespace, user, where)
        raise SchemaError(
            f"{where}: {user} is of type {shown(schema)}: expected the name of a type, a list of types, "
            "or an object with a type (an array has items too, a map has values)"
        )
