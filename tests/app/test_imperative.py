"""An application built call by call."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from eventy.app.base import BaseApp
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.command.base import BaseCommand
from eventy.consumer.memory import MemoryConsumer
from eventy.errors import ConfigurationError, SettingsError
from eventy.event.base import BaseEvent

SCHEMAS = Path(__file__).parents[1] / "original" / "avro_schemas"
MEMORY = SimpleNamespace(
    EVENTY_EVENT_SERIALIZER="eventy.serializer.avro.AvroEventSerializer",
    EVENTY_EVENT_CONSUMER="eventy.consumer.memory.MemoryConsumer",
    EVENTY_EVENT_EMITTER="eventy.emitter.memory.MemoryEmitter",
    EVENTY_HTTP_HANDLER_PORT="0",
    AVRO_SCHEMAS_FOLDER=SCHEMAS,
)


class Create(BaseCommand):
    async def execute(self, app: BaseApp, corr_id: str, payments: list[str]) -> None:
        payments.append(self.data["payment_id"])
        await app.get("emitter").send(
            Created({"payment_id": self.data["payment_id"], "caused_by": corr_id}), "payment-events"
        )


class Created(BaseEvent):
    @classmethod
    def name(cls) -> str:
        return "qotto.payment.event.PaymentCreated"

    async def handle(self, app: BaseApp, seen: asyncio.Queue[BaseEvent]) -> None:
        await seen.put(self)


def configured(settings: object = MEMORY) -> Eventy:
    app = Eventy()
    serializer = app.configure_event_serializer(settings=settings, serializer_name="serializer")
    serializer.register_event_class(Create, "qotto.payment.command.CreatePaymentCommand")
    serializer.register_event_class(Created, "qotto.payment.event.PaymentCreated")
    for name, topic in (("commands", "payment-commands"), ("events", "payment-events")):
        app.configure_consumer(
            settings=settings,
            serializer=serializer,
            consumer_name=name,
            event_topics=[topic],
            event_group="payment",
            position="latest",
        )
    app.configure_emitter(settings=settings, serializer=serializer, emitter_name="emitter")
    app.configure_http_handler(settings=settings, http_handler_name="http_handler")
    app.set("payments", [])
    app.set("seen", asyncio.Queue())
    return app


async def test_command_reaches_its_handler_and_its_event_the_next() -> None:
    async with configured() as app:
        await app.get("emitter").send(Create({"payment_id": "p1", "correlation_id": "c"}), "payment-commands")
        event = await app.get("seen").get()
    assert (event.data["payment_id"], event.data["caused_by"]) == ("p1", event.data["correlation_id"])
    assert app.get("payments") == ["p1"]


async def test_consumer_takes_patterns_of_topics_too() -> None:
    app = configured()
    serializer, pattern = app.get("serializer"), re.compile("contract-.*")
    consumer = app.configure_consumer(MEMORY, serializer, "contracts", ["payment-events", pattern], "c", "latest")
    assert isinstance(consumer, MemoryConsumer)
    assert consumer.subscription.patterns == (pattern,)


async def test_settings_object_does_as_well_as_a_module() -> None:
    settings = Settings(avro_schemas_folder=str(SCHEMAS), http_handler_port=0)
    async with configured(settings) as app:
        assert isinstance(app.get("commands"), MemoryConsumer)


async def test_http_handler_is_the_sanic_application_itself() -> None:
    bp = Blueprint("sms")

    @bp.post("/sms")
    async def sms(request: Request) -> HTTPResponse:
        return json(request["app"].get("payments"))  # type: ignore[index]  # eventy's request, not Sanic's own

    app = configured()
    app.get("http_handler").blueprint(bp)
    async with app, httpx.AsyncClient(base_url=app.get("http_server").url) as client:
        assert (await client.post("/sms")).json() == []


def test_each_call_names_the_variables_that_it_needs() -> None:
    nothing = SimpleNamespace()
    app = Eventy()
    with pytest.raises(SettingsError, match="EVENTY_EVENT_SERIALIZER isn't set"):
        app.configure_event_serializer(settings=nothing, serializer_name="serializer")
    serializer = app.configure_event_serializer(settings=MEMORY, serializer_name="serializer")
    with pytest.raises(SettingsError, match="EVENTY_EVENT_CONSUMER isn't set"):
        app.configure_consumer(nothing, serializer, "commands", ["t"], "g", "latest")
    with pytest.raises(SettingsError, match="EVENTY_EVENT_EMITTER isn't set"):
        app.configure_emitter(nothing, serializer, "emitter")
    with pytest.raises(SettingsError, match="EVENTY_HTTP_HANDLER_PORT isn't set"):
        app.configure_http_handler(nothing, "http_handler")


def test_kafka_backend_needs_its_address() -> None:
    kafka = SimpleNamespace(EVENTY_EVENT_EMITTER="eventy.emitter.kafka.KafkaProducer")
    app = Eventy()
    serializer = app.configure_event_serializer(settings=MEMORY, serializer_name="serializer")
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVER"):
        app.configure_emitter(kafka, serializer, "emitter")


def test_option_of_one_consumer_is_a_keyword_of_its_call() -> None:
    app = Eventy()
    serializer = app.configure_event_serializer(settings=MEMORY, serializer_name="serializer")
    with pytest.raises(ConfigurationError, match="max_retries is -1, expected at least 0"):
        app.configure_consumer(MEMORY, serializer, "commands", ["t"], "g", "latest", max_retries=-1)


def test_emitter_starts_before_consumers_and_http_last() -> None:
    app = configured()
    names = [type(component).__name__ for component in app._components]
    assert names == ["MemoryEmitter", "MemoryConsumer", "MemoryConsumer", "SanicServer"]


async def test_what_is_set_anew_reaches_the_handlers_that_run_already() -> None:
    async with configured() as app:
        anew: list[str] = []
        app.set("payments", anew)
        await app.get("emitter").send(Create({"payment_id": "p1", "correlation_id": "c"}), "payment-commands")
        await app.get("seen").get()
    assert anew == ["p1"]
