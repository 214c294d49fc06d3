"""From an event's data to the bytes of a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import fastavro

from eventy.errors import EncodeError
from eventy.serializer.schema.direct import WRITING, find_writer, named_in
from eventy.serializer.schema.fit import compile_fit
from eventy.serializer.schema.mismatch import find_mismatch
from eventy.serializer.schema.schema import Schema

SCHEMA_VERSION = "0.0.0"
_AUTOMATIC = frozenset(("schema_version", "event_timestamp", "correlation_id"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


#: Called with an event's data, a correlation id and a timestamp; see `compile_writer`.
Write = Callable[[dict[str, Any], str | None, int | None], bytes]


def compile_writer(schema: Schema) -> Write:
    """Return what writes the messages of one schema, with all that doesn't depend on a message done.

    It leaves the data as it is. The correlation id and the timestamp (ms since 1970-01-01T00:00Z) are for the fields
    `correlation_id` and `event_timestamp`, when the schema has them and the data has not; `schema_version` then becomes
    SCHEMA_VERSION.

    It raises EncodeError, which names the first field that doesn't fit, for any data that the schema doesn't take. A
    missing field is filled from its default; one that the schema hasn't is refused, for it would be lost.
    """
    fields = schema.fields
    prefix, parsed, names = schema.prefix, schema.parsed, fields.keys()
    append, named, fits = find_writer(), named_in(parsed), compile_fit(schema)
    automatic = _AUTOMATIC & names
    records = [name for name, definition in schema.types.items() if "fields" in definition]
    is_flat = records == [schema.name] and not schema.is_recursive

    is_datetime = _has_timestamp_type(fields.get("event_timestamp", {}).get("type"))

    def completed(data: dict[str, Any], corr_id: str | None, timestamp: int | None) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if "schema_version" in automatic:
            given["schema_version"] = SCHEMA_VERSION
        if corr_id is not None and "correlation_id" in automatic:
            given["correlation_id"] = corr_id
        if timestamp is not None and "event_timestamp" in automatic:
            given["event_timestamp"] = _moment(timestamp, schema) if is_datetime else timestamp
        return {**given, **data}

    def write(data: dict[str, Any], corr_id: str | None, timestamp: int | None) -> bytes:
        try:
            for name in automatic:
                if name not in data:
                    data = completed(data, corr_id, timestamp)
                    break
            if not fits(data):
                _refuse_mismatch(data, schema)
            if is_flat and data.keys() == names:
                short = bytearray(prefix)
                append(short, data, parsed, named, "", WRITING)
                return bytes(short)
            # This takes half as long again, to find what isn't one of the fields.
            message = BytesIO()
            message.write(prefix)
            fastavro.schemaless_writer(message, parsed, data, strict_allow_default=True)
        except EncodeError:
            raise
        except Exception as error:  # fastavro raises whatever the value raised; find out what it was
            _refuse_mismatch(data, schema, error)
            raise EncodeError(f"{schema.name} can't be written ({error!r}): correct the event's data") from error
        return message.getvalue()

    return write


def _moment(timestamp: int, schema: Schema) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=timestamp)
    except OverflowError as error:
        raise EncodeError(
            f"{schema.name} can't have the timestamp {timestamp}: expected ms since 1970-01-01T00:00Z"
        ) from error


def _refuse_mismatch(data: object, schema: Schema, cause: Exception | None = None) -> None:
    found = find_mismatch(data, schema)
    if found is not None:
        raise EncodeError(f"{schema.name} doesn't fit its schema ({schema.where}): {found}") from cause


def _has_timestamp_type(schema: Any) -> bool:
    """Tell whether fastavro takes a datetime for the field; it counts in the unit that the schema says."""
    if isinstance(schema, list):
        return any(_has_timestamp_type(branch) for branch in schema)
    return isinstance(schema, dict) and "timestamp-" in str(schema.get("logicalType"))
