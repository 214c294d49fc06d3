"""One message schema, ready to read and write with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, fingerprint, to_parsing_canonical_form

from eventy.errors import SchemaError
from eventy.serializer.schema.bounds import Types, is_recursive, refuse_unbounded
from eventy.serializer.schema.definitions import Definitions
from eventy.serializer.schema.names import is_named

#: The first bytes of a message, before its schema's fingerprint (Avro 1.12 specification, "Single-object encoding").
SINGLE_OBJECT_MAGIC = b"\xc3\x01"
PREFIX_SIZE = len(SINGLE_OBJECT_MAGIC) + 8

#: Levels of nesting in data whose type contains itself. Neither fastavro's compiled reader nor its writer has a
#: limit: at some thousand levels they overflow the C stack, which ends the process. This many levels stay within the
#: interpreter's own limit when read by `fastavro._read_py`, which heeds it.
MAX_NESTING = 100

#: What fastavro raises for a schema that isn't valid, besides its own error.
_INVALID = (SchemaParseException, SchemaError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Schema:
    """A record whose schema is complete: the types that it uses are defined inside it.

    Parameters
        name: its full name.
        where: the file that defines it.
        fingerprint: CRC-64-AVRO of its parsing canonical form, 8 bytes, little-endian as in a message.
        types: the named types inside, itself included, by full name.
        is_recursive: whether one of them contains itself.
        parsed: what fastavro reads and writes with.
    """

    name: str
    where: str
    fingerprint: bytes
    types: Types = field(repr=False)
    is_recursive: bool
    parsed: dict[str, Any] = field(repr=False)

    @property
    def prefix(self) -> bytes:
        """What a single-object message of this schema starts with."""
        return SINGLE_OBJECT_MAGIC + self.fingerprint

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields of the record, by name."""
        return {field["name"]: field for field in self.types[self.name]["fields"]}


def compile_schema(name: str, definitions: Definitions) -> Schema:
    """Return the schema of a record. Raises SchemaError when it isn't valid Avro, or nothing bounds its messages.

    Each type that it uses is put where it is first used, wherever it was defined: that is the one form in which a
    schema stands by itself, so any other implementation arrives at the same fingerprint
    (Avro 1.12 specification, "Schema Fingerprints").
    """
    where = definitions[name].where
    types: Types = {}
    try:
        complete = _complete(definitions[name].schema, definitions, types)
        refuse_unbounded(types)
        parsed = fastavro.parse_schema(complete)
    except _INVALID as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SchemaError(f"{where}: {name} isn't valid: {reason}: correct the schema") from error
    assert isinstance(parsed, dict)
    crc = bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO"))
    return Schema(name, where, crc, types, is_recursive(types), parsed)


def _complete(schema: Any, definitions: Definitions, types: Types) -> Any:
    """Return the schema with every type defined at its first use and named at the others; collect them in `types`."""
    match schema:
        case list():
            return [_complete(branch, definitions, types) for branch in schema]
        case {"type": "array", "items": items}:
            return {**schema, "items": _complete(items, definitions, types)}
        case {"type": "map", "values": values}:
            return {**schema, "values": _complete(values, definitions, types)}
    name = schema["name"] if is_named(schema) else schema
    if not isinstance(name, str) or name not in definitions:
        return schema
    if name in types:
        return name
    definition = types[name] = dict(definitions[name].schema)
    if "fields" in definition:
        definition["fields"] = [
            {**field, "type": _complete(field["type"], definitions, types)} for field in definition["fields"]
        ]
    return definition
