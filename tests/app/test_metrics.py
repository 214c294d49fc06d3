"""What an application tells Prometheus, on the sample service and on small ones of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from containers.application import ApplicationContainer, create_container
from eventy.app.check import check
from eventy.app.eventy import Eventy
from eventy.app.metrics import called
from eventy.app.settings import Settings
from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.counts import Counts
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.memory import MemoryConsumer
from eventy.consumer.metrics import metrics_of
from eventy.errors import ConfigurationError, Unretryable, WiringError
from eventy.event.registry import Registry
from eventy.http.server import SanicServer
from eventy.message.record import ProducerRecord
from eventy.serializer.avro import AvroEventSerializer
from eventy.telemetry.metrics import Metrics
from eventy.testing.harness import Harness
from payment.commands import ConfirmPayment, CreatePayment
from payment.model import Payment
from payment.repository.memory import MemoryPaymentRepository
from tests.app.recording import Recording

CREATE = {"id": "p1", "contract_id": "c1", "amount": 1250, "currency": "EUR"}
COMMANDS = {"consumer": "payment_commands", "group": "payment"}


@pytest.fixture
def container(tmp_path: Path) -> ApplicationContainer:
    return create_container(
        Settings(
            database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db",
            consumer_on_exhausted="dead_letter",
            consumer_max_retries=2,
            consumer_stall_timeout=60_000,
        )
    )


class Page:
    """An answer of `/metrics`, parsed by prometheus_client."""

    def __init__(self, text: str) -> None:
        self.samples = [sample for metric in text_string_to_metric_families(text) for sample in metric.samples]

    def value(self, name: str, **labels: str) -> float:
        (found,) = [sample.value for sample in self.samples if sample.name == name and sample.labels == labels]
        return found

    def labels(self, name: str) -> list[Mapping[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == name]


async def page(app: Harness[ApplicationContainer]) -> Page:
    return Page((await app.http.get("/metrics")).text)


class Slow(MemoryPaymentRepository):
    """A repository that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.going_on = asyncio.Event(), asyncio.Event()

    async def add(self, payment: Payment) -> Payment:
        self.asked.set()
        await self.going_on.wait()
        return await super().add(payment)


# ---------------------------------------------------------------- what it counts


async def test_what_became_of_messages_is_counted(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.settled()
        app.fail_next(ConfirmPayment, times=3)
        await app.send(ConfirmPayment({"id": "p1"}), "payment-commands", key="p1")
        await app.settled()
        app.fail_next(ConfirmPayment, Unretryable("no"))
        await app.send(ConfirmPayment({"id": "p1"}), "payment-commands", key="p1")
        container.broker().append(ProducerRecord("payment-commands", None, b"not Avro", ()))
        container.broker().append(ProducerRecord("payment-commands", b"p1", None, ()))
        await app.settled()
        found = await page(app)
    assert found.value("eventy_messages_handled_total", **COMMANDS) == 2  # the payment and the tombstone
    assert found.value("eventy_messages_retried_total", **COMMANDS) == 2
    assert found.value("eventy_messages_dead_lettered_total", **COMMANDS) == 3
    assert found.value("eventy_messages_poison_total", **COMMANDS) == 1
    assert found.value("eventy_tombstones_passed_over_total", **COMMANDS) == 1
    assert found.value("eventy_messages_skipped_total", **COMMANDS) == 0
    assert found.value("eventy_messages_handled_total", consumer="payment_events", group="") == 1


async def test_message_that_is_passed_over_is_counted(container: ApplicationContainer) -> None:
    container.config.consumer_on_exhausted.from_value("skip")
    async with Harness(container) as app:
        app.fail_next(CreatePayment, times=3)
        await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.settled()
        assert (await page(app)).value("eventy_messages_skipped_total", **COMMANDS) == 1


def test_every_count_of_a_consumer_is_a_metric_of_its_own() -> None:
    consumer = consumer_of("payment-commands")
    for number, field in enumerate(fields(Counts), start=1):
        setattr(consumer.counts, field.name, number)
    samples = [sample for metric in metrics_of({"one": consumer}) for sample in metric.samples]
    assert sorted(sample.value for sample in samples) == list(range(1, len(fields(Counts)) + 1))


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_what_runs_waits_and_hangs_is_shown(container: ApplicationContainer, concurrency: int) -> None:
    container.config.consumer_concurrency.from_value(concurrency)
    slow = Slow()
    async with Harness(container, patience=0.1) as app:
        with app.container.payment_repository.override(providers.Object(slow)):
            for _ in range(3):
                await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
            await slow.asked.wait()
            await app.advance(45_000)
            found = await page(app)
            (at,) = [
                labels for labels in found.labels("eventy_consumer_lag") if found.value("eventy_consumer_lag", **labels)
            ]
            assert found.value("eventy_consumer_lag", **at) == 3
            assert at["topic"] == "payment-commands"
            assert found.value("eventy_handlers_running", **COMMANDS) == 1
            assert found.value("eventy_handler_age_seconds", **COMMANDS) == 45
            assert found.value("eventy_handlers_stalled", **COMMANDS) == 0
            assert found.value("eventy_component_ready", component="payment_commands") == 1
            await app.advance(15_000)
            found = await page(app)
            assert found.value("eventy_handlers_stalled", **COMMANDS) == 1
            assert found.value("eventy_component_ready", component="payment_commands") == 0
            assert found.value("eventy_component_ready", component="payment_events") == 1
            slow.going_on.set()
            await app.settled()
        found = await page(app)
        assert found.value("eventy_consumer_lag", **at) == 0
        assert found.value("eventy_handlers_running", **COMMANDS) == 0
        assert found.value("eventy_handler_age_seconds", **COMMANDS) == 0
        assert found.value("eventy_consumer_assigned_partitions", **COMMANDS) == 4


async def test_messages_that_are_not_fetched_yet_are_behind_as_well(container: ApplicationContainer) -> None:
    slow = Slow()
    async with Harness(container, patience=0.1) as app:
        with app.container.payment_repository.override(providers.Object(slow)):
            for number in range(1, 7):  # one at a time: each of them a batch, of which few are fetched beforehand
                await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
                await app.advance(1)
                lags = [sample.value for sample in (await page(app)).samples if sample.name == "eventy_consumer_lag"]
                assert sum(lags) == number
            slow.going_on.set()
            await app.settled()


async def test_message_that_waits_for_its_retry_is_shown(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        app.fail_next(CreatePayment)
        await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.advance(1)
        assert (await page(app)).value("eventy_messages_awaiting_retry", **COMMANDS) == 1
        await app.settled()
        assert (await page(app)).value("eventy_messages_awaiting_retry", **COMMANDS) == 0


async def test_labels_are_what_the_application_is_made_of(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        for number in range(20):
            await app.send(CreatePayment({**CREATE, "id": f"p{number}"}), "payment-commands", key=f"p{number}")
        await app.settled()
        before = await page(app)
        await app.send(CreatePayment({**CREATE, "id": "another"}), "payment-commands", key="another")
        await app.settled()
        after = await page(app)
    series = [{(sample.name, *sorted(sample.labels.items())) for sample in one.samples} for one in (before, after)]
    assert series[0] == series[1]


async def test_restart_begins_to_count_anew(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.settled()
        await app.crash_and_restart()
        await app.settled()
        assert (await page(app)).value("eventy_messages_handled_total", **COMMANDS) == 0


# ---------------------------------------------------------------- metrics of the user's own


async def test_metrics_of_the_users_own_stand_beside(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.settled()
        assert (await app.http.post("/sms", json={"from": "+33612345678", "text": "hello"})).status_code == 400
        found = await page(app)
    assert found.value("payments_known", status="created") == 1
    assert found.value("sms_refused_total") == 1


async def test_registry_can_be_overridden(container: ApplicationContainer) -> None:
    mine = CollectorRegistry()
    with container.metrics.override(providers.Object(mine)):
        async with Harness(container) as app:
            found = await page(app)
            assert found.value("eventy_component_ready", component="event_emitter") == 1
            assert mine.get_sample_value("sms_refused_total") == 0


async def test_component_that_fails_is_named_and_the_page_shows_the_rest() -> None:
    class Component(Recording):
        def readiness(self) -> str | None:
            raise ConnectionError("who knows")

    registry = Metrics()
    Counter("payments", "Payments.", registry=registry)
    server = SanicServer(port=0)
    async with Eventy(containers.DynamicContainer(), [Component("a", []), server], metrics=registry):
        found = await page_of(server)
    assert found.value("payments_total") == 0
    assert found.value("eventy_collector_failures_total", collector="eventy.app.metrics.ApplicationCollector") == 1


# ---------------------------------------------------------------- applications beside each other


def consumer_of(*topics: str, broker: MemoryBroker | None = None) -> EngineConsumer[Any]:
    return MemoryConsumer(
        broker=broker or MemoryBroker(clock=Clock(), partitions=1),
        serializer=AvroEventSerializer(registry=Registry(), schemas_folder="avro_schemas"),
        clock=Clock(),
        event_topics=topics,
        event_group="g",
        position="committed",
    )


async def page_of(server: SanicServer) -> Page:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return Page((await client.get("/metrics")).text)


async def test_two_applications_of_a_process_count_for_themselves(tmp_path: Path) -> None:
    settings = Settings(http_handler_port=0, database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db")
    one, two = create_container(settings), create_container(settings)
    async with one.app(), two.app():
        for container, payments in ((one, 1), (two, 2)):
            for _ in range(payments):
                await container.event_emitter().send(CreatePayment(CREATE), "payment-commands", key="p1")
        for container, payments in ((one, 1), (two, 2)):
            async with asyncio.timeout(10):  # noqa: TID251 - two whole services, in real time
                while (await page_of(container.http_server())).value(
                    "eventy_messages_handled_total", **COMMANDS
                ) != payments:
                    await Clock().sleep(0.01)


async def test_registry_that_runs_already_is_refused_and_free_again_afterwards() -> None:
    registry = Metrics()

    def app() -> Eventy:
        return Eventy(containers.DynamicContainer(), (), metrics=registry)

    async with app():
        with pytest.raises(ConfigurationError, match="A registry is one running application's:"):
            await app().__aenter__()
    async with app():
        assert registry.get_sample_value("eventy_component_ready", {"component": "a"}) is None


@pytest.mark.parametrize("name", ["eventy_messages_handled", "eventy_collector_failures"])
async def test_name_of_eventys_own_is_refused(name: str) -> None:
    registry = Metrics()
    Counter(name, "Mine.", registry=registry)
    container: Any = containers.DynamicContainer()
    container.app = providers.Singleton(Eventy, providers.Object(container), metrics=providers.Object(registry))
    with pytest.raises(WiringError, match=f"names of eventy's already: .*{name}") as checked:
        check(container)
    with pytest.raises(WiringError) as started:
        await container.app().__aenter__()
    assert started.value.mistakes == checked.value.mistakes


async def test_registry_is_as_it_was_after_a_check() -> None:
    registry = Metrics()
    container: Any = containers.DynamicContainer()
    container.app = providers.Singleton(Eventy, providers.Object(container), metrics=providers.Object(registry))
    check(container)
    check(container)
    assert not any(metric.name.startswith("eventy_m") for metric in registry.collect())


async def test_failed_start_leaves_the_registry_as_it_was() -> None:
    registry = Metrics()
    with pytest.raises(OSError, match="can't start"):
        await Eventy(containers.DynamicContainer(), [Recording("a", [], fails="start")], metrics=registry).__aenter__()
    async with Eventy(containers.DynamicContainer(), (), metrics=registry):
        pass


def test_what_is_no_registry_is_a_mistake_that_a_check_finds() -> None:
    class Container(containers.DeclarativeContainer):
        __self__ = providers.Self()
        metrics = providers.Object("statsd")
        app = providers.Singleton(Eventy, container=__self__, metrics=metrics)

    with pytest.raises(WiringError, match=r"metrics is 'statsd' \(str\), expected an eventy\.telemetry\.metrics"):
        check(Container())


# ---------------------------------------------------------------- what they are called


def test_components_are_called_what_the_container_calls_them_else_what_they_call_themselves() -> None:
    first, second, third, emitter = (consumer_of("a") for _ in range(4))
    itself = "consumer of a (group g)"
    named = called([first, second, third, emitter], [("commands", first), ("event_emitter", emitter), ("x", first)])
    assert named == {"commands": first, itself: second, f"{itself} 2": third, "event_emitter": emitter}


async def test_consumer_of_the_imperative_api_is_called_as_it_was_configured() -> None:
    app = Eventy()
    settings = Settings(memory_partitions=1, avro_schemas_folder="avro_schemas")
    serializer = app.configure_event_serializer(settings, "serializer")
    app.configure_consumer(settings, serializer, "commands", ["a"], "g", "committed")
    async with app:
        labels = {"consumer": "commands", "group": "g"}
        assert app.metrics.get_sample_value("eventy_messages_handled_total", labels) == 0
