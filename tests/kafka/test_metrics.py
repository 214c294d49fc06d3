"""What consumers on a real broker tell Prometheus."""

import asyncio
import re
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from eventy.app.metrics import measured
from eventy.consumer.engine import EngineConsumer
from eventy.errors import Unretryable
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.telemetry.metrics import Metrics
from eventy.testing.conformance.exactly_once import forward
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.transactions import Rival


def told_of(registry: Metrics, topic: str) -> dict[str, float]:
    """Return what a page says, by the names of metrics without what they have in common."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        re.sub(r"^eventy_(.*?)(_total)?$", r"\1", sample.name): sample.value
        for family in families
        for sample in family.samples
        if sample.labels.get("group") == topic
    }


async def until_told(registry: Metrics, topic: str, **expected: float) -> None:
    def found() -> dict[str, float | None]:
        told = told_of(registry, topic)
        return {name: told.get(name) for name in expected}

    await until(lambda: found() == expected, lambda: f"{expected}, found {found()}")


async def test_retries_letters_poison_and_lag_are_told(scene: Scene) -> None:
    topic, registry = await scene.topic(), Metrics()

    async def handle(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 2 or context.attempt == event.data["n"] == 1:
            raise OSError(f"attempt {context.attempt}")
        if event.data["n"] == 3:
            raise Unretryable("never")

    consumer: EngineConsumer[Any] = await scene.consume(
        Notes(handle), topic, group=topic, on_exhausted="dead_letter", max_retries=2, retry_interval=10
    )
    with measured(registry, {"commands": consumer}):
        await scene.put(topic, 1, 2, 3, 4)
        await scene.backend.put(topic, b"\xff", partition=0)
        await scene.put(topic, 5)
        await until_told(registry, topic, messages_handled=3, consumer_lag=0)
        await until_told(registry, topic, messages_retried=3, messages_dead_lettered=3, messages_poison=1)
        await until_told(registry, topic, messages_skipped=0, consumer_assigned_partitions=1, handlers_running=0)
    assert len(await scene.backend.records(f"{topic}-dlt")) == 3


async def test_transaction_that_somebody_else_fences_is_told(scene: Scene, kafka_broker: KafkaBroker) -> None:
    topic, out, emitter, registry = await scene.topic(), await scene.topic("out"), await scene.emitter(), Metrics()
    handler = forward(emitter, out)
    consumer = await scene.consume(handler, topic, group=topic, delivery="exactly_once")
    with measured(registry, {"commands": consumer}):
        await scene.put(topic, 1)
        await until_told(registry, topic, messages_handled=1, transactions_fenced=0)
        async with Rival.of(kafka_broker.bootstrap, topic):
            await scene.put(topic, 2)
            await until_told(registry, topic, messages_handled=2, transactions_fenced=1, transactions_discarded=1)
        await until_told(registry, topic, consumer_lag=0)


async def test_messages_that_are_not_fetched_yet_are_behind_as_well(scene: Scene) -> None:
    topic, registry, going_on = await scene.topic(), Metrics(), asyncio.Event()

    async def wait(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    for number in range(12):  # more than a consumer fetches beforehand
        await scene.backend.put(topic, encoded(number, text="x" * 300_000), partition=0)
    notes = Notes(wait)
    consumer = await scene.consume(notes, topic, group=topic)
    with measured(registry, {"commands": consumer}):
        await notes.until(1)
        await until_told(registry, topic, consumer_lag=12, handlers_running=1)
        going_on.set()
        await until_told(registry, topic, consumer_lag=0, handlers_running=0)
