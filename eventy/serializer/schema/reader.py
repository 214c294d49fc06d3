"""From the bytes of a record to an event."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from inspect import getattr_static
from io import BytesIO
from typing import Any

import fastavro
from fastavro import _read_py

from eventy.errors import DecodeError
from eventy.event.base import BaseEvent
from eventy.serializer.schema.direct import READING, find_reader, for_reading
from eventy.serializer.schema.schema import Schema

#: Returns the event that the rest of the bytes mean. Raises DecodeError, and nothing else.
Read = Callable[[BytesIO], BaseEvent]


def compile_reader(writer: Schema, reader: Schema | None, cls: type[BaseEvent]) -> Read:
    """Return what reads the messages of one schema, with all that doesn't depend on a message done.

    Parameters
        writer: the schema that they were written with.
        reader: the schema that the application knows under the same name, if it is another: the data is then fitted to
            it (Avro 1.12 specification, "Schema Resolution").
        cls: what they become.
    """
    name, from_data, new = writer.name, cls.from_data, cls.__new__
    # Saves a call and two checks a message: nothing of how it is made is the application's.
    is_plain = all(
        getattr_static(cls, part) is getattr_static(BaseEvent, part) for part in ("from_data", "__new__", "__init__")
    )
    has_from_data = getattr_static(cls, "from_data") is not getattr_static(BaseEvent, "from_data")
    maker = f"{cls.__qualname__}.from_data" if has_from_data else cls.__qualname__
    written, known = writer.parsed, reader.parsed if reader else None
    # Of fastavro's two readers, only the slower heeds the interpreter's recursion limit: see MAX_NESTING.
    is_recursive = writer.is_recursive or (reader is not None and reader.is_recursive)
    parse = _read_py.schemaless_reader if is_recursive else fastavro.schemaless_reader
    is_direct = known is None and not is_recursive
    read_data, named = find_reader(), for_reading(written)

    def read(body: BytesIO) -> BaseEvent:
        try:
            data: Any = read_data(body, written, named, None, READING) if is_direct else parse(body, written, known)
        except Exception as error:  # noqa: BLE001 - whatever fastavro meets in damaged bytes; its traceback says nothing
            raise DecodeError(f"these bytes are no {name} ({error!r}): damaged, or of another schema") from None
        if rest := body.read():
            raise DecodeError(
                f"{len(rest)} bytes follow the {name}, though a message is one record: damaged, or of another schema"
            )
        if known is not None:
            data = deepcopy(data)  # a default comes as the object in the schema, which no handler may change
        try:
            if is_plain:
                event = new(cls)  # as `cls(data)` does, without a call
                event.data = data
                return event
            event = from_data(name, data)
        except Exception as error:  # the application's code, and data that it doesn't take
            raise DecodeError(f"{maker} doesn't take this {name} ({error!r}): correct it, or the sender") from error
        if not isinstance(event, BaseEvent):
            raise DecodeError(f"{maker} returned {type(event).__qualname__}, expected an event: return cls(…)")
        if not hasattr(event, "data"):
            raise DecodeError(f"{maker} made an event without data: call super().__init__(data) in its __init__")
        return event

    return read
