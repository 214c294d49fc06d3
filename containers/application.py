"""The sample service."""

from __future__ import annotations

from dependency_injector import containers, providers

from containers.messaging import MessagingContainer
from containers.payment import PaymentContainer
from eventy.app.create import create
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings, load_settings
from eventy.consumer.base import BaseEventConsumer
from eventy.event.registry import Registry
from eventy.http.server import SanicServer
from eventy.telemetry.metrics import Metrics
from payment.blueprints import contracts, payments, sms, statistics
from payment.messages import MESSAGES


class ApplicationContainer(containers.DeclarativeContainer):
    """Handlers may ask by name for whatever stands here."""

    __self__ = providers.Self()
    config = providers.Configuration(strict=True)
    registry = providers.Singleton(Registry, providers.Object(MESSAGES))
    messaging = providers.Container(MessagingContainer, config=config, registry=registry)
    metrics = providers.Singleton(Metrics)
    payment = providers.Container(PaymentContainer, config=config, metric_registry=metrics)

    clock, broker = messaging.clock, messaging.broker
    event_serializer, event_emitter = messaging.event_serializer, messaging.event_emitter
    database = payment.database
    payment_repository, contract_repository = payment.payment_repository, payment.contract_repository
    payment_statistics, payment_metrics = payment.statistics, payment.metrics

    payment_commands: providers.Provider[BaseEventConsumer] = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=event_serializer,
        clock=clock,
        options=messaging.consumer_options,
        event_topics=["payment-commands"],
        event_group="payment",
        position="latest",
        scope=database.provided.transaction,
    )
    payment_events: providers.Provider[BaseEventConsumer] = providers.Singleton(  # a view, rebuilt at start
        create,
        config.event_consumer,
        broker=broker,
        serializer=event_serializer,
        clock=clock,
        options=messaging.consumer_options,
        event_topics=["payment-events"],
        event_group=None,
        position="earliest",
    )
    contract_events: providers.Provider[BaseEventConsumer] = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=event_serializer,
        clock=clock,
        options=messaging.consumer_options,
        event_topics=["contract-events"],
        event_group="payment-contracts",
        position="committed",
        scope=database.provided.transaction,
    )
    http_server = providers.Singleton(
        SanicServer,
        host=config.http_handler_host,
        port=config.http_handler_port,
        access_log=config.http_access_log,
        debug=config.http_debug,
        clock=clock,
        blueprints=providers.Object((payments.bp, sms.bp, contracts.bp, statistics.bp)),
    )
    app = providers.Singleton(
        Eventy,
        container=__self__,
        components=providers.List(  # started in this order, stopped in reverse
            database, event_emitter, contract_events, payment_events, payment_commands, http_server
        ),
        shutdown_timeout=config.shutdown_timeout,
        metrics=metrics,
    )


def create_container(settings: Settings | None = None) -> ApplicationContainer:
    """Return the service, wired but not started. Raises SettingsError.

    Parameters
        settings: by default those of the environment and `.env`.
    """
    container = ApplicationContainer()
    container.config.from_dict((settings or load_settings()).as_dict())
    return container
