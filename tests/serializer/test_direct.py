"""The shorter way into fastavro: what its public functions do, and they themselves where it isn't known."""

from io import BytesIO
from typing import Any

import fastavro
import pytest

from eventy.serializer.schema import direct

SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Payment",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "amount", "type": "long"},
            {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "DONE"]}},
            {"name": "before", "type": ["null", "Status"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "bytes"}}},
        ],
    }
)
DATA: dict[str, Any] = {
    "id": "p", "amount": 2**40, "status": "NEW", "before": "DONE", "at": 1_700_000_000_000, "tags": {"a": [b"1", b""]}
}  # fmt: skip


def test_version_that_we_are_tested_with_is_known() -> None:
    assert direct._is_known()


@pytest.mark.parametrize("is_known", [True, False])
def test_bytes_and_data_are_those_of_the_public_functions(is_known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "_is_known", lambda: is_known)
    public = BytesIO()
    fastavro.schemaless_writer(public, SCHEMA, DATA)
    message = bytearray(b"prefix")
    direct.find_writer.__wrapped__()(message, DATA, SCHEMA, direct.named_in(SCHEMA), "", direct.WRITING)
    assert bytes(message) == b"prefix" + public.getvalue()
    body = BytesIO(public.getvalue())
    found = direct.find_reader.__wrapped__()(body, SCHEMA, direct.for_reading(SCHEMA), None, direct.READING)
    assert found == fastavro.schemaless_reader(BytesIO(public.getvalue()), SCHEMA, None)


@pytest.mark.parametrize("name", ["_read_data", "write_data"])
def test_another_version_of_it_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = direct._fastavro._read if name == "_read_data" else direct._fastavro._write
    monkeypatch.setattr(module, name, lambda *_: {"f": "something else"})
    assert not direct._is_known()
    monkeypatch.delattr(module, name)
    assert not direct._is_known()
