"""Container files (Avro 1.12 specification, "Object Container Files"), as the original eventy sent them."""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import fastavro

from eventy.errors import DecodeError
from eventy.serializer.schema.definitions import Definitions
from eventy.serializer.schema.files import Document
from eventy.serializer.schema.schema import Schema, compile_schema

MAGIC = b"Obj\x01"

#: Bytes to which a block may be inflated: 16 of the largest records that a broker takes by default
#: (`message.max.bytes`, 1 MiB), so that nothing useful is refused; deflate could make 1,000 bytes of one.
MAX_INFLATED = 16 * 1024 * 1024

#: Bytes that a writer's schema may have: it is parsed and kept, which takes a multiple of them.
MAX_SCHEMA = 256 * 1024

#: Bytes that xz may use for its dictionary; one of 64 MiB belongs to its highest preset, which no message needs.
_XZ_MEMORY = 32 * 1024 * 1024

_SYNC_SIZE = 16
_META = fastavro.parse_schema({"type": "map", "values": "bytes"})
_COUNT_AND_BYTES = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Block",
        "fields": [{"name": "count", "type": "long"}, {"name": "data", "type": "bytes"}],
    }
)


@dataclass(frozen=True, slots=True)
class Container:
    """The parts of a container file with one record.

    Parameters
        schema: the writer's, in JSON.
        body: the record, inflated.
    """

    schema: bytes
    body: bytes


def open_container(value: bytes) -> Container:
    """Return the parts of a container file.

    Raises DecodeError when it is damaged, compressed in an unknown way, inflates to more than MAX_INFLATED bytes, or
    hasn't exactly one record, as a message has.
    """
    try:
        file = BytesIO(value)
        file.seek(len(MAGIC))
        meta: Any = fastavro.schemaless_reader(file, _META)
        sync = file.read(_SYNC_SIZE)
        block: Any = fastavro.schemaless_reader(file, _COUNT_AND_BYTES)
        ending = file.read(_SYNC_SIZE)
    except Exception as error:  # noqa: BLE001 - whatever fastavro meets in damaged bytes; its traceback says nothing
        raise DecodeError(
            f"a container file that ends or breaks in its frame ({error!r}): its sender damaged it"
        ) from None
    if block["count"] != 1:
        raise DecodeError(f"a container file of {block['count']} records in its first block: a message has exactly one")
    if len(sync) < _SYNC_SIZE or ending != sync:
        raise DecodeError("a container file whose block doesn't end with the file's sync marker: its sender damaged it")
    rest = len(value) - file.tell()
    if rest:
        raise DecodeError(f"a container file with {rest} bytes after its first record: a message has exactly one")
    if "avro.schema" not in meta:
        raise DecodeError("a container file without avro.schema in its header: nothing tells how to read it")
    if len(meta["avro.schema"]) > MAX_SCHEMA:
        raise DecodeError(
            f"a container file whose schema has {len(meta['avro.schema'])} bytes, at most {MAX_SCHEMA} are read: "
            "have its sender leave out the documentation"
        )
    return Container(meta["avro.schema"], _inflated(meta.get("avro.codec", b"null"), block["data"]))


def writer_schema(container: Container) -> Schema:
    """Return the schema that a container file was written with. Raises SchemaError or ValueError for a bad one.

    Its defaults are left out: only the reader's count, so a wrong one makes no message unreadable.
    """
    definition = _without_defaults(json.loads(container.schema))
    definitions = Definitions()
    definitions.add(Document("its own schema", definition))
    definitions.check_references()
    messages = [name for name, found in definitions.items() if found.is_message]
    if len(messages) != 1:
        raise ValueError(f"its own schema defines {len(messages)} records at its top, expected one")
    return compile_schema(messages[0], definitions)


def _without_defaults(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_defaults(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _without_defaults(part) for key, part in schema.items() if key != "default"}
    return schema


def _inflated(codec: bytes, data: bytes) -> bytes:
    inflate = _CODECS.get(codec)
    if inflate is None:
        known = ", ".join(sorted(name.decode() for name in _CODECS))
        raise DecodeError(f"a container file compressed by {codec!r}, expected one of {known}: have its sender use one")
    try:
        inflated = inflate(data)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise DecodeError(f"a container file whose {codec.decode()} block is damaged: {error}") from None
    if len(inflated) > MAX_INFLATED:
        raise DecodeError(
            f"a container file whose block inflates to more than {MAX_INFLATED} bytes: send a smaller one"
        )
    return inflated


def _inflate_deflate(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=-15).decompress(data, MAX_INFLATED + 1)  # negative: no zlib header, as RFC 1951


def _inflate_bzip2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, MAX_INFLATED + 1)


def _inflate_xz(data: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY).decompress(data, MAX_INFLATED + 1)


_CODECS: dict[bytes, Callable[[bytes], bytes]] = {
    b"null": bytes,
    b"deflate": _inflate_deflate,
    b"bzip2": _inflate_bzip2,
    b"xz": _inflate_xz,
}
