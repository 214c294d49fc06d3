"""From a folder of schema files to schemas by name and by fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from eventy.serializer.schema.definitions import Definitions
from eventy.serializer.schema.files import read_documents
from eventy.serializer.schema.schema import Schema, compile_schema
from eventy.words import closest, counted


@dataclass(frozen=True, slots=True)
class Schemas:
    """The message schemas of a folder: every record that a document defines at its top.

    A type inside another can be referred to from any file, but is no message by itself.

    Parameters
        folder: where they are from.
        by_name: the schemas, by full name.
        inner_types: the file of each type that is no message, by full name.
    """

    folder: Path
    by_name: Mapping[str, Schema]
    inner_types: Mapping[str, str]

    @property
    def by_fingerprint(self) -> Mapping[bytes, Schema]:
        """The schemas, by their 8 bytes in a single-object message."""
        return {schema.fingerprint: schema for schema in self.by_name.values()}

    def advice(self, name: str) -> str:
        """Return why a name is none of these schemas', and what may have been meant."""
        if name in self.inner_types:
            return (
                f"{self.inner_types[name]} defines it, but as no record at the top of a document, "
                "which alone are messages: give it a document of its own"
            )
        return f"{str(self.folder)!r} has {counted(len(self.by_name), 'schema')}{closest(name, self.by_name)}"


def load_schemas(folder: Path) -> Schemas:
    """Return the schemas of every `*.avsc` and `*.avsc.yaml` at or below a folder.

    Raises SchemaError, naming the file, for one that can't be read or isn't valid, and for a name defined twice.
    """
    definitions = Definitions()
    for document in read_documents(folder):
        definitions.add(document)
    definitions.check_references()
    messages = [name for name, found in definitions.items() if found.is_message]
    by_name = {name: compile_schema(name, definitions) for name in messages}
    inner_types = {name: found.where for name, found in definitions.items() if not found.is_message}
    return Schemas(folder, MappingProxyType(by_name), MappingProxyType(inner_types))
