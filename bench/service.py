"""The container of the contestants that are written with eventy."""

from __future__ import annotations

import asyncio

from dependency_injector import containers, providers
from prometheus_client import generate_latest

from bench.avro import SCHEMAS
from bench.contestant import Payments, Task
from containers.messaging import MessagingContainer
from eventy.app.create import create
from eventy.app.eventy import Eventy
from eventy.app.process import freeze
from eventy.app.settings import Settings
from eventy.consumer.engine import EngineConsumer
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry
from eventy.telemetry.metrics import Metrics


class Service(containers.DeclarativeContainer):
    """A consumer of commands, an emitter, and one repository."""

    __self__ = providers.Self()
    config = providers.Configuration(strict=True)
    messages = providers.Dependency(instance_of=tuple)
    task = providers.Dependency(instance_of=Task)
    registry = providers.Singleton(Registry, messages)
    messaging = providers.Container(MessagingContainer, config=config, registry=registry)

    clock, broker = messaging.clock, messaging.broker
    event_serializer, event_emitter = messaging.event_serializer, messaging.event_emitter
    payments = providers.Singleton(Payments, task.provided.count)

    commands: providers.Provider[EngineConsumer[object]] = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=event_serializer,
        clock=clock,
        options=messaging.consumer_options,
        event_topics=providers.List(task.provided.topic),
        event_group=task.provided.group,
        position="committed",
    )
    metrics = providers.Singleton(Metrics)
    app = providers.Singleton(
        Eventy, container=__self__, components=providers.List(event_emitter, commands), metrics=metrics
    )


def create_service(task: Task, *messages: type[BaseEvent], delivery: str = "at_least_once") -> Service:
    """Return the service, not started yet. Raises SettingsError for a delivery that this version doesn't know."""
    settings = Settings(
        event_consumer="eventy.consumer.kafka.KafkaConsumer",
        event_emitter="eventy.emitter.kafka.KafkaProducer",
        kafka_bootstrap_server=task.bootstrap,
        avro_schemas_folder=str(SCHEMAS),
        consumer_delivery=delivery,
    )
    service = Service(messages=providers.Object(messages), task=providers.Object(task))
    service.config.from_dict(settings.as_dict())
    return service


async def has_partitions(service: Service) -> None:
    """Return when the consumer is ready: that is when `start()` of the client's own returns.

    And do what `app.start()` does then, which these programs can't use: it returns when a signal comes. From then on
    somebody reads the metrics.
    """
    consumer = service.commands()
    while consumer.readiness() is not None:  # noqa: ASYNC110 - readiness is there to be asked
        await asyncio.sleep(0.001)
    freeze()
    service.app().add_task(_read(service.metrics()), name="reading metrics")


async def _read(metrics: Metrics) -> None:
    """Read the page more often than a Prometheus does, every second, beginning at once: short runs pay for it too."""
    while True:
        generate_latest(metrics)
        await asyncio.sleep(1)
