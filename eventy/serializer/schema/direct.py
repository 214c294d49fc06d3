"""fastavro's compiled reader and writer of one record, without what `schemaless_reader` and `_writer` do before them.

Those make the schema ready again for each message, though it is the same one. What is behind them isn't public: where
it isn't as it is known here, the public functions do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import fastavro

READING = {
    "return_record_name": False,
    "return_record_name_override": False,
    "handle_unicode_errors": "strict",
    "return_named_type": False,
    "return_named_type_override": False,
}
WRITING = {"strict": False, "strict_allow_default": False, "disable_tuple_notation": False}

#: Called with the bytes, a parsed schema, what `for_reading` says of it, None, and READING.
ReadData = Callable[[BytesIO, Any, Any, None, dict[str, Any]], Any]
#: Called with what the record is appended to, its data, a parsed schema, what `named_in` says of it, "", and WRITING.
WriteData = Callable[[bytearray, Any, Any, Any, str, dict[str, Any]], None]

_fastavro: Any = fastavro


def named_in(schema: Any) -> dict[str, Any]:
    """Return the named types of a parsed schema."""
    named: dict[str, Any] = {}
    fastavro.parse_schema(schema, named)
    return named


def for_reading(schema: Any) -> dict[str, Any]:
    return {"writer": named_in(schema), "reader": {}}


@cache
def find_reader() -> ReadData:
    """Return fastavro's own, or what does the same by its public function."""
    return _fastavro._read._read_data if _is_known() else _read_publicly


@cache
def find_writer() -> WriteData:
    """Return fastavro's own, or what does the same by its public function."""
    return _fastavro._write.write_data if _is_known() else _write_publicly


def _read_publicly(body: BytesIO, schema: Any, *_: object) -> Any:
    return fastavro.schemaless_reader(body, schema, None)


def _write_publicly(message: bytearray, data: Any, schema: Any, *_: object) -> None:
    written = BytesIO()
    fastavro.schemaless_writer(written, schema, data)
    message += written.getvalue()


def _is_known() -> bool:
    fields = [{"name": "f", "type": ["null", "string"]}]
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": fields})
    message, data = bytearray(), {"f": "text"}
    try:
        _fastavro._write.write_data(message, data, schema, {}, "", WRITING)
        read = _fastavro._read._read_data(BytesIO(message), schema, {"writer": {}, "reader": {}}, None, READING)
    except Exception:  # noqa: BLE001 - another version may have anything there
        return False
    return bool(read == data)
