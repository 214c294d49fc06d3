"""Damaged bytes are refused by DecodeError, and by nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from eventy.errors import DecodeError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.conformance.schema_files import record, write

SEED = 20_240_229
MUTANTS_OF_EACH = 5_000

SCHEMA: dict[str, Any] = record(
    "a.Everything",
    text="string",
    number="int",
    part="double",
    at={"type": "long", "logicalType": "timestamp-millis"},
    price={"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
    id={"type": "string", "logicalType": "uuid"},
    kind={"type": "enum", "name": "Kind", "symbols": ["A", "B"]},
    hash={"type": "fixed", "name": "Hash", "size": 2},
    tags={"type": "map", "values": {"type": "array", "items": "long"}},
    node=["null", record("Node", next=["null", "Node"])],
)
DATA = {
    "text": "été",
    "number": -7,
    "part": 0.5,
    "at": datetime(2024, 2, 29, tzinfo=UTC),
    "price": 12,
    "id": "00000000-0000-0000-0000-000000000001",
    "kind": "B",
    "hash": b"ab",
    "tags": {"x": [1, 2], "y": []},
    "node": {"next": {"next": None}},
}
FLAT = {**SCHEMA, "name": "a.Flat", "fields": SCHEMA["fields"][:-1]}  # not recursive, so read by the compiled reader


@pytest.fixture
def avro(tmp_path: Path) -> AvroEventSerializer:
    return AvroEventSerializer(registry=Registry(), schemas_folder=write(tmp_path, SCHEMA, {**FLAT, "name": "b.Flat"}))


def valid_messages(avro: AvroEventSerializer) -> Iterator[bytes]:
    flat = {key: value for key, value in DATA.items() if key != "node"}
    yield avro.encode(GenericEvent("a.Everything", {**DATA, "price": b"\x01\x02"}))
    yield avro.encode(GenericEvent("b.Flat", {**flat, "price": b"\x01\x02"}))
    for codec in ("null", "deflate"):
        file = BytesIO()
        fastavro.writer(file, FLAT, [{**flat, "price": b"\x01\x02"}], codec=codec, sync_marker=bytes(16))
        yield file.getvalue()


def mutant(value: bytes, dice: random.Random) -> bytes:
    """Return the bytes with one to three of them changed, lost, repeated, or replaced by awkward ones."""
    damaged = bytearray(value)
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(damaged) + 1)
        end = min(len(damaged), start + dice.choice((0, 1, 1, 1, 2, 8, 40)))
        awkward = (
            b"",
            b"\x00",
            b"\x01",
            b"\x02",
            b"\xff" * 9 + b"\x01",
            b"\xfe\xff\xff\xff\x0f",
            damaged[start:end] * 2,
        )
        damaged[start:end] = dice.choice((*awkward, dice.randbytes(end - start)))
    return bytes(damaged)


def test_damaged_messages_raise_nothing_but_decode_error(avro: AvroEventSerializer) -> None:
    dice = random.Random(SEED)
    refused = read = 0
    for value in valid_messages(avro):
        assert isinstance(avro.decode(value), BaseEvent)
        for _ in range(MUTANTS_OF_EACH):
            damaged = mutant(value, dice)
            try:
                avro.decode(damaged)
            except DecodeError:
                refused += 1
            except BaseException as error:
                raise AssertionError(f"{damaged!r} raised {error!r}") from error
            else:
                read += 1
    assert refused > 2 * MUTANTS_OF_EACH
    assert read > 0  # some damage, such as another number, can't be seen
