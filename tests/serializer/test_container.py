"""Container files, as the original eventy sent them."""

from __future__ import annotations

import bz2
import lzma
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from eventy.errors import DecodeError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.serializer.avro import AvroEventSerializer
from eventy.serializer.schema.container import MAX_INFLATED, MAX_SCHEMA
from eventy.testing.conformance.schema_files import record, write

SYNC = bytes(range(16))
BLOCK = record("Block", count="long", data="bytes")


class Paid(BaseEvent):
    @classmethod
    def name(cls) -> str:
        return "a.Paid"


@pytest.fixture
def avro(tmp_path: Path) -> AvroEventSerializer:
    paid = record("a.Paid", id="string", tags={"type": "array", "items": "string"})
    paid["fields"][1]["default"] = []
    return AvroEventSerializer(registry=Registry([Paid]), schemas_folder=write(tmp_path, paid))


def container(schema: Any, *records: Any, codec: str = "null") -> bytes:
    file = BytesIO()
    fastavro.writer(file, schema, records, codec=codec, sync_marker=SYNC)
    return file.getvalue()


def framed(codec: str, data: bytes, schema: str = '{"type": "record", "name": "X", "fields": []}') -> bytes:
    """Return a container file of these very bytes, well-formed or not."""
    file = BytesIO()
    file.write(b"Obj\x01")
    meta = {"avro.codec": codec.encode(), "avro.schema": schema.encode()}
    fastavro.schemaless_writer(file, {"type": "map", "values": "bytes"}, meta)
    file.write(SYNC)
    fastavro.schemaless_writer(file, BLOCK, {"count": 1, "data": data})
    file.write(SYNC)
    return file.getvalue()


def bomb(codec: str, size: int) -> bytes:
    """Return a few bytes that inflate to so many."""
    compress: dict[str, Any] = {
        "deflate": zlib.compressobj(level=1, wbits=-15),
        "bzip2": bz2.BZ2Compressor(1),
        "xz": lzma.LZMACompressor(preset=0),
    }
    zeros = bytes(1024 * 1024)
    parts = [compress[codec].compress(zeros) for _ in range(size // len(zeros))]
    return b"".join([*parts, compress[codec].flush()])


def error_of(avro: AvroEventSerializer, value: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        avro.decode(value)
    return str(caught.value)


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_container_file_is_read_however_it_is_compressed(avro: AvroEventSerializer, codec: str) -> None:
    schema = record("a.Paid", id="string", tags={"type": "array", "items": "string"})
    event = avro.decode(container(schema, {"id": "1", "tags": ["x"]}, codec=codec))
    assert type(event) is Paid
    assert event.data == {"id": "1", "tags": ["x"]}


def test_unknown_name_becomes_a_generic_event_by_the_files_own_schema(avro: AvroEventSerializer) -> None:
    event = avro.decode(container(record("b.Elsewhere", x="int"), {"x": 7}))
    assert type(event) is GenericEvent
    assert (event.name(), event.data) == ("b.Elsewhere", {"x": 7})


def test_older_schema_is_resolved_against_the_folders(avro: AvroEventSerializer) -> None:
    event = avro.decode(container(record("a.Paid", gone="int", id="string"), {"gone": 1, "id": "1"}))
    assert event.data == {"id": "1", "tags": []}


def test_default_of_one_message_is_not_the_next_ones(avro: AvroEventSerializer) -> None:
    value = container(record("a.Paid", id="string"), {"id": "1"})
    avro.decode(value).data["tags"].append("mine")
    assert avro.decode(value).data["tags"] == []


def test_class_registered_later_is_used_for_container_files_too(avro: AvroEventSerializer, tmp_path: Path) -> None:
    later = AvroEventSerializer(registry=Registry(), schemas_folder=tmp_path)
    value = container(record("a.Paid", id="string"), {"id": "1"})
    assert type(later.decode(value)) is GenericEvent
    later.register_event_class(Paid, "a.Paid")
    assert type(later.decode(value)) is Paid


def test_schema_that_can_not_be_resolved_is_refused(avro: AvroEventSerializer) -> None:
    text = error_of(avro, container(record("a.Paid", other="string"), {"other": "1"}))
    assert "these bytes are no a.Paid (SchemaResolutionError('No default value for field id in a.Paid" in text


def test_wrong_default_in_the_writers_schema_does_no_harm(avro: AvroEventSerializer) -> None:
    schema = '{"type": "record", "name": "X", "fields": [{"name": "x", "type": "int", "default": "one"}]}'
    assert avro.decode(framed("null", b"\x02", schema)).data == {"x": 1}


# ---------------------------------------------------------------- damage and malice


def test_more_or_fewer_than_one_record_are_refused(avro: AvroEventSerializer) -> None:
    schema = record("a.Paid", id="string")
    assert "a container file of 2 records in its first block" in error_of(
        avro, container(schema, {"id": "1"}, {"id": "2"})
    )
    assert "a container file that ends or breaks in its frame" in error_of(avro, container(schema))
    two_blocks = container(schema, {"id": "1"})
    two_blocks += two_blocks[two_blocks.index(SYNC) + 16 :]
    assert "a container file with 20 bytes after its first record" in error_of(avro, two_blocks)


def test_block_without_the_sync_marker_is_refused(avro: AvroEventSerializer) -> None:
    text = error_of(avro, container(record("a.Paid", id="string"), {"id": "1"})[:-1] + b"\xff")
    assert "whose block doesn't end with the file's sync marker" in text


def test_bytes_after_the_record_in_its_block_are_refused(avro: AvroEventSerializer) -> None:
    assert "1 bytes follow the X" in error_of(avro, framed("null", b"!"))


def test_unknown_compression_is_refused(avro: AvroEventSerializer) -> None:
    text = error_of(avro, framed("snappy", b""))
    assert "compressed by b'snappy', expected one of bzip2, deflate, null, xz: have its sender use one" in text


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz"])
def test_damaged_compression_is_refused(avro: AvroEventSerializer, codec: str) -> None:
    assert f"a container file whose {codec} block is damaged" in error_of(avro, framed(codec, b"\xff" * 20))


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz"])
def test_block_that_inflates_past_the_limit_is_refused_before_it_is_all_in_memory(
    avro: AvroEventSerializer, codec: str
) -> None:
    size = 4 * MAX_INFLATED
    value = framed(codec, bomb(codec, size))
    tracemalloc.start()
    try:
        text = error_of(avro, value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert f"whose block inflates to more than {MAX_INFLATED} bytes: send a smaller one" in text
    assert peak < size * 3 / 4


def test_xz_block_that_asks_for_a_large_dictionary_is_refused(avro: AvroEventSerializer) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 * 1024 * 1024}]
    assert "Memory usage limit" in error_of(avro, framed("xz", lzma.compress(b"x", filters=filters)))


def test_file_without_a_schema_is_refused(avro: AvroEventSerializer) -> None:
    text = error_of(avro, b"Obj\x01\x00" + SYNC + b"\x02\x00" + SYNC)
    assert "a container file without avro.schema in its header" in text


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{", "a container file whose own schema can't be used: Expecting property name"),
        ('"string"', "its own schema: found 'string', expected a record"),
        ("[]", "its own schema defines 0 records at its top, expected one"),
        (
            '{"type": "record", "name": "X", "fields": [{"name": "x", "type": "Y"}]}',
            "X.x is of type 'Y', which no file",
        ),
        ('{"type": "record", "name": "X", "fields": [{"name": "x", "type": "X"}]}', "X contains itself without end"),
        ("[" * 100_000, "maximum recursion depth exceeded"),
        (f'{{"type": "record", "name": "{"X" * MAX_SCHEMA}", "fields": []}}', f"at most {MAX_SCHEMA} are read"),
    ],
)
def test_schema_that_can_not_be_used_is_refused(avro: AvroEventSerializer, schema: str, expected: str) -> None:
    assert expected in error_of(avro, framed("null", b"", schema))


def test_array_of_nothing_that_claims_all_memory_is_refused(avro: AvroEventSerializer) -> None:
    schema = '{"type": "record", "name": "X", "fields": [{"name": "x", "type": {"type": "array", "items": "null"}}]}'
    text = error_of(avro, framed("null", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", schema))
    assert "X.x is an array whose items take no bytes" in text


def test_nesting_without_end_is_refused(avro: AvroEventSerializer) -> None:
    schema = '{"type": "record", "name": "X", "fields": [{"name": "x", "type": ["null", "X"]}]}'
    assert "RecursionError" in error_of(avro, framed("null", b"\x02" * 1_000_000 + b"\x00", schema))


def test_registered_pattern_does_not_reach_names_of_no_schema(tmp_path: Path) -> None:
    async def handler(event: BaseEvent) -> None:
        pass

    registry = Registry([on(r"a\..*", handler, cls=Paid)])
    avro = AvroEventSerializer(registry=registry, schemas_folder=write(tmp_path, record("a.Paid", id="string")))
    assert type(avro.decode(container(record("a.Other", x="int"), {"x": 1}))) is GenericEvent
