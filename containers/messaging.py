"""Serializer, broker and emitter, as the settings choose them."""

from __future__ import annotations

from dependency_injector import containers, providers

from eventy.app.create import consumer_options, create, create_broker
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.event.registry import Registry
from eventy.serializer.base import BaseEventSerializer


class MessagingContainer(containers.DeclarativeContainer):
    """What sending and receiving share."""

    config = providers.Configuration(strict=True)
    registry = providers.Dependency(instance_of=Registry)

    clock = providers.Singleton(Clock)
    broker = providers.Singleton(create_broker, config.event_consumer, config=config, clock=clock)
    event_serializer: providers.Provider[BaseEventSerializer] = providers.Singleton(
        create,
        config.event_serializer,
        registry=registry,
        schemas_folder=config.avro_schemas_folder,
        encoding=config.avro_encoding,
    )
    event_emitter: providers.Provider[BaseEventEmitter] = providers.Singleton(
        create, config.event_emitter, broker=broker, serializer=event_serializer, clock=clock
    )
    consumer_options = providers.Singleton(consumer_options, config)
