"""Avro messages: written in single-object encoding, read in that and from container files."""

from __future__ import annotations

import logging
from inspect import getattr_static
from io import BytesIO
from pathlib import Path

from eventy.errors import ConfigurationError, DecodeError, EncodeError, RegistryError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registration, Registry
from eventy.serializer.base import BaseEventSerializer
from eventy.serializer.schema import container
from eventy.serializer.schema.folder import load_schemas
from eventy.serializer.schema.reader import Read, compile_reader
from eventy.serializer.schema.schema import PREFIX_SIZE
from eventy.serializer.schema.unreadable import why_unreadable
from eventy.serializer.schema.writer import Write, compile_writer

logger = logging.getLogger(__name__)

#: Writers' schemas of container files that are kept: a topic has a few, forged ones must not pile up.
_MAX_CONTAINER_READERS = 64


class AvroEventSerializer(BaseEventSerializer):
    """Turns events into Avro and back, by the schemas of a folder.

    Parameters
        registry: which class the messages of a name become. Those of no class become `GenericEvent`s.
        schemas_folder: the folder of `*.avsc` and `*.avsc.yaml` files, searched through all its folders.
        encoding: what is written; this version knows `single_object` only.

    Raises SchemaError for the folder, RegistryError for a registration that matches no schema, and
    ConfigurationError for another encoding.
    """

    content_type = "application/avro"

    def __init__(self, *, registry: Registry, schemas_folder: str | Path, encoding: str = "single_object") -> None:
        if encoding != "single_object":
            raise ConfigurationError(
                f"the encoding is {encoding!r}, but this version writes only 'single_object': set AVRO_ENCODING to that"
            )
        self._registry = registry
        self._schemas = load_schemas(Path(schemas_folder))
        registry.know(self._schemas.by_name)
        self._writers = {name: compile_writer(schema) for name, schema in self._schemas.by_name.items()}
        self._class_of: dict[str, type[BaseEvent]] = {}
        self._registered: dict[type[BaseEvent], list[str]] = {}
        self._names: dict[type[BaseEvent], str] = {}
        self._writer_of: dict[type[BaseEvent], Write] = {}
        for registration in registry:
            self._register(registration)
        self._build_readers()

    def register_event_class(self, event_class: type[BaseEvent], event_name: str) -> None:
        registration = Registration(event_name, event_class)
        self._register(registration)
        self._registry.add(registration)
        self._names.clear()
        self._writer_of.clear()
        self._build_readers()

    # ------------------------------------------------------------ writing

    def name_of(self, event: BaseEvent) -> str:
        return self._names.get(type(event)) or self._find_name(event)

    def encode(self, event: BaseEvent, *, corr_id: str | None = None, timestamp: int | None = None) -> bytes:
        write = self._writer_of.get(type(event)) or self._writers[self.name_of(event)]
        return write(event.data, corr_id, timestamp)

    def _find_name(self, event: BaseEvent) -> str:
        """Return the schema of the event's own name, else the one that its class is registered for."""
        cls, name = type(event), event.name()
        is_name_of_class = isinstance(getattr_static(cls, "name"), classmethod | staticmethod)
        if name not in self._schemas.by_name:
            # A name that the object got from its author is meant: nothing else may be written instead of it.
            registered = self._registered.get(cls, []) if is_name_of_class else []
            if len(registered) != 1:
                raise EncodeError(self._why_unnamed(cls, name, registered))
            logger.info(
                "%s is written as %s, for which it is registered: no schema has its name %s",
                cls.__qualname__,
                registered[0],
                name,
            )
            name = registered[0]
        if is_name_of_class:
            self._names[cls] = name
            self._writer_of[cls] = self._writers[name]
        return name

    def _why_unnamed(self, cls: type[BaseEvent], name: str, registered: list[str]) -> str:
        found = f"{cls.__qualname__} has the name {name!r}, which no schema has"
        if registered:
            return (
                f"{found}, and is registered for {len(registered)}, {', '.join(registered)}, so which is meant is "
                "ambiguous: have name() return one of them"
            )
        return f"{found}; {self._schemas.advice(str(name))}: correct name(), add the schema, or register the class"

    # ------------------------------------------------------------ reading

    def decode(self, value: bytes) -> BaseEvent:
        try:
            message = BytesIO(value)
            read = self._readers[message.read(PREFIX_SIZE)]
        except (LookupError, TypeError):
            pass  # what is raised below isn't to show this lookup as where it came from
        else:
            return read(message)
        return self._decode_otherwise(value)

    def _decode_otherwise(self, value: bytes) -> BaseEvent:
        if not isinstance(value, bytes):
            raise DecodeError(
                f"found {type(value).__qualname__}, expected the bytes of a message: a tombstone has none"
            )
        if value.startswith(container.MAGIC):
            return self._decode_container(value)
        raise DecodeError(why_unreadable(value, self._schemas))

    def _decode_container(self, value: bytes) -> BaseEvent:
        opened = container.open_container(value)
        read = self._container_readers.get(opened.schema)
        if read is None:
            if len(self._container_readers) >= _MAX_CONTAINER_READERS:
                self._container_readers.clear()
            read = self._container_readers[opened.schema] = self._container_reader(opened)
        return read(BytesIO(opened.body))

    def _container_reader(self, opened: container.Container) -> Read:
        try:
            writer = container.writer_schema(opened)
        except Exception as error:  # a schema off the network may be anything at all
            raise DecodeError(f"a container file whose own schema can't be used: {error}") from error
        known = self._schemas.by_name.get(writer.name)
        reader = None if known is None or known.fingerprint == writer.fingerprint else known
        return compile_reader(writer, reader, self._class_of.get(writer.name, GenericEvent))

    # ------------------------------------------------------------ classes

    def _register(self, registration: Registration) -> None:
        names = registration.matches(sorted(self._schemas.by_name))
        if not names:
            raise RegistryError(
                f"{registration.cls.__qualname__} is registered for {registration.pattern!r}, which matches no schema; "
                f"{self._schemas.advice(registration.pattern)}: correct the name, or add the schema"
            )
        registered = self._registered.setdefault(registration.cls, [])
        registered += [name for name in names if name not in registered]
        for name in names:
            self._class_of.setdefault(name, registration.cls)

    def _build_readers(self) -> None:
        self._readers = {
            schema.prefix: compile_reader(schema, None, self._class_of.get(name, GenericEvent))
            for name, schema in self._schemas.by_name.items()
        }
        self._container_readers: dict[bytes, Read] = {}
