"""From an event's data to the bytes of a message."""

from __future__ import annotations

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


class MessageWriter:
    """Writes messages with one schema."""

    __slots__ = (
        "_automatic",
        "_fits",
        "_is_flat",
        "_named",
        "_names",
        "_prefix",
        "_schema",
        "_timestamp_is_datetime",
        "_write",
    )

    def __init__(self, schema: Schema) -> None:
        fields = schema.fields
        self._schema = schema
        self._prefix = schema.prefix
        self._write, self._named = find_writer(), named_in(schema.parsed)
        self._fits = compile_fit(schema)
        self._automatic = _AUTOMATIC & fields.keys()
        self._names = fields.keys()
        records = [name for name, definition in schema.types.items() if "fields" in definition]
        self._is_flat = records == [schema.name] and not schema.is_recursive
        self._timestamp_is_datetime = _has_timestamp_type(fields.get("event_timestamp", {}).get("type"))

    def write(self, data: dict[str, Any], corr_id: str | None, timestamp: int | None) -> bytes:
        """Return the message; `data` is left as it is.

        Parameters
            corr_id, timestamp: for the fields `correlation_id` and `event_timestamp` (ms since 1970-01-01T00:00Z), when
                the schema has them and the data has not. `schema_version` then becomes SCHEMA_VERSION.

        Raises EncodeError, which names the first field that doesn't fit, for any data that the schema doesn't take. A
        missing field is filled from its default; one that the schema hasn't is refused, for it would be lost.
        """
        try:
            for name in self._automatic:
                if name not in data:
                    data = self._completed(data, corr_id, timestamp)
                    break
            if not self._fits(data):
                self._refuse_mismatch(data)
            if self._is_flat and data.keys() == self._names:
                short = bytearray(self._prefix)
                self._write(short, data, self._schema.parsed, self._named, "", WRITING)
                return bytes(short)
            # This takes half as long again, to find what isn't one of the fields.
            message = BytesIO()
            message.write(self._prefix)
            fastavro.schemaless_writer(message, self._schema.parsed, data, strict_allow_default=True)
        except EncodeError:
            raise
        except Exception as error:  # fastavro raises whatever the value raised; find out what it was
            self._refuse_mismatch(data, error)
            raise EncodeError(f"{self._schema.name} can't be written ({error!r}): correct the event's data") from error
        return message.getvalue()

    def _completed(self, data: dict[str, Any], corr_id: str | None, timestamp: int | None) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if "schema_version" in self._automatic:
            given["schema_version"] = SCHEMA_VERSION
        if corr_id is not None and "correlation_id" in self._automatic:
            given["correlation_id"] = corr_id
        if timestamp is not None and "event_timestamp" in self._automatic:
            given["event_timestamp"] = self._moment(timestamp) if self._timestamp_is_datetime else timestamp
        return {**given, **data}

    def _moment(self, timestamp: int) -> datetime:
        try:
            return _EPOCH + timedelta(milliseconds=timestamp)
        except OverflowError as error:
            raise EncodeError(
                f"{self._schema.name} can't have the timestamp {timestamp}: expected ms since 1970-01-01T00:00Z"
            ) from error

    def _refuse_mismatch(self, data: object, cause: Exception | None = None) -> None:
        found = find_mismatch(data, self._schema)
        if found is not None:
            raise EncodeError(f"{self._schema.name} doesn't fit its schema ({self._schema.where}): {found}") from cause


def _has_timestamp_type(schema: Any) -> bool:
    """Tell whether fastavro takes a datetime for the field; it counts in the unit that the schema says."""
    if isinstance(schema, list):
        return any(_has_timestamp_type(branch) for branch in schema)
    return isinstance(schema, dict) and "timestamp-" in str(schema.get("logicalType"))
