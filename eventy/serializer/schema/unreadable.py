"""What bytes are that begin like no message of a known schema."""

from __future__ import annotations

from eventy.serializer.schema.folder import Schemas
from eventy.serializer.schema.schema import PREFIX_SIZE, SINGLE_OBJECT_MAGIC

#: Confluent's wire format: this byte, the id of a schema in 4 bytes, the record.
_CONFLUENT_MAGIC = b"\x00"


def why_unreadable(value: bytes, schemas: Schemas) -> str:
    """Return what the first bytes of a message were found to be, what was expected and what to do."""
    if not value:
        return (
            "the message is empty, expected c3 01 (Avro's single-object encoding) or b'Obj\\x01' (a container file): "
            "what is to be a tombstone has no value at all, rather than one of no bytes"
        )
    if value.startswith(SINGLE_OBJECT_MAGIC):
        if len(value) < PREFIX_SIZE:
            return (
                f"found {len(value)} bytes; the fingerprint of the schema alone ends at {PREFIX_SIZE}: it was cut off"
            )
        return (
            f"the message was written with a schema whose fingerprint is {value[2:PREFIX_SIZE].hex()}, and none of the "
            f"{len(schemas.by_name)} in {str(schemas.folder)!r} has that: another version of one of them, or somebody "
            "else's; bring the folders of sender and receiver to the same version"
        )
    if value.startswith(_CONFLUENT_MAGIC):
        return (
            f"the message starts with {value[:5].hex(' ')}, Confluent's encoding and the id of a schema in a registry, "
            "but this version asks no registry: have the sender write Avro's single-object encoding"
        )
    return (
        f"the message starts with {value[:8]!r}, expected c3 01 (Avro's single-object encoding) or b'Obj\\x01' (a "
        "container file): it is no Avro, or was wrapped on its way"
    )
