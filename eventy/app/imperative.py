"""Building an application call by call, as the original eventy does, over a container that grows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Unpack

from dependency_injector import providers

from eventy.app.create import consumer_options, create, create_broker
from eventy.app.settings import Settings, settings_from
from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer
from eventy.consumer.options import ConsumerOverrides
from eventy.consumer.subscription import Topic
from eventy.emitter.base import BaseEventEmitter
from eventy.event.registry import Registry
from eventy.handler.scope import Scope
from eventy.http.server import SanicServer
from eventy.serializer.base import BaseEventSerializer

# Started in this order, in whatever order they are configured; what isn't among them, a database say, before all.
_ORDER = (BaseEventEmitter, BaseEventConsumer, SanicServer)


class Imperative(ABC):
    """The `configure_…` methods of an application.

    `settings` is a `Settings`, or any object or module that has the variables as attributes. Each call checks those
    that it needs, and raises SettingsError with all that is wrong.
    """

    container: Any
    _components: list[Any]

    @abstractmethod
    def set(self, name: str, value: object) -> None:
        """Call something so."""

    def configure_event_serializer(self, settings: object, serializer_name: str) -> BaseEventSerializer:
        """Make the serializer of EVENTY_EVENT_SERIALIZER, and call it by the name."""
        found = self._read(settings, "EVENTY_EVENT_SERIALIZER")
        serializer: BaseEventSerializer = create(
            found.event_serializer,
            registry=self._shared("registry", Registry),
            schemas_folder=found.avro_schemas_folder,
            encoding=found.avro_encoding,
        )
        self.set(serializer_name, serializer)
        return serializer

    def configure_consumer(  # noqa: PLR0917 - the original's parameters, in its order
        self,
        settings: object,
        serializer: BaseEventSerializer,
        consumer_name: str,
        event_topics: Sequence[Topic],
        event_group: str | None,
        position: str,
        scope: Scope | None = None,
        **options: Unpack[ConsumerOverrides],
    ) -> BaseEventConsumer:
        """Make a consumer of EVENTY_EVENT_CONSUMER; see `eventy.consumer.engine` for the parameters."""
        found = self._read(settings, "EVENTY_EVENT_CONSUMER")
        consumer: BaseEventConsumer = create(
            found.event_consumer,
            broker=self._broker(found.event_consumer, found),
            serializer=serializer,
            clock=self._shared("clock", Clock),
            event_topics=event_topics,
            event_group=event_group,
            position=position,
            scope=scope,
            options=consumer_options(found.as_dict()),
            **options,
        )
        self._add(consumer_name, consumer)
        return consumer

    def configure_emitter(
        self, settings: object, serializer: BaseEventSerializer, emitter_name: str
    ) -> BaseEventEmitter:
        """Make the emitter of EVENTY_EVENT_EMITTER."""
        found = self._read(settings, "EVENTY_EVENT_EMITTER")
        emitter: BaseEventEmitter = create(
            found.event_emitter,
            broker=self._broker(found.event_emitter, found),
            serializer=serializer,
            clock=self._shared("clock", Clock),
        )
        self._add(emitter_name, emitter)
        return emitter

    def configure_http_handler(self, settings: object, http_handler_name: str) -> Any:
        """Make the HTTP server of EVENTY_HTTP_HANDLER_PORT; what is called by the name is its Sanic application."""
        found = self._read(settings, "EVENTY_HTTP_HANDLER_PORT")
        server = SanicServer(
            host=found.http_handler_host,
            port=found.http_handler_port,
            access_log=found.http_access_log,
            debug=found.http_debug,
            clock=self._shared("clock", Clock),
        )
        self._add("http_server", server)
        self.set(http_handler_name, server.sanic)
        return server.sanic

    def _read(self, settings: object, *required: str) -> Settings:
        found = settings_from(settings, *required)
        if "config" not in self.container.providers:
            config = providers.Configuration(strict=True)
            config.from_dict(found.as_dict())
            self.container.set_provider("config", config)
        return found

    def _broker(self, dotted_path: str, settings: Settings) -> object:
        if "broker" not in self.container.providers:
            clock = self._shared("clock", Clock)
            self.set("broker", create_broker(dotted_path, config=settings.as_dict(), clock=clock))
        return self.container.providers["broker"]()

    def _shared(self, name: str, kind: type[Any]) -> Any:
        """Return what the application has of this name, made at the first call."""
        if name not in self.container.providers:
            self.set(name, kind())
        return self.container.providers[name]()

    def _add(self, name: str, component: Any) -> None:
        self._components.append(component)
        self._components.sort(key=_rank)
        self.set(name, component)


def _rank(component: object) -> int:
    return next((rank for rank, kind in enumerate(_ORDER) if isinstance(component, kind)), -1)
