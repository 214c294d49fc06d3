"""The sample service on a real Kafka, in more than one process."""

from __future__ import annotations

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.emitter.kafka import KafkaProducer
from eventy.event.registry import Registry
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.kafka.broker import KafkaBroker
from payment.commands import CreatePayment
from payment.messages import MESSAGES
from tests.service.process import ROOT, Process, create_payment, payment_is, service
from tests.service.story import create_confirm_suspend_reject
from tests.service.topics import fresh_topics

SERIALIZER = AvroEventSerializer(registry=Registry(MESSAGES), schemas_folder=ROOT / "avro_schemas")


@pytest.fixture
async def topics(kafka_broker: KafkaBroker) -> AsyncIterator[None]:
    async with fresh_topics(kafka_broker.bootstrap):
        yield


def on_kafka(folder: Path, broker: KafkaBroker, name: str) -> Process:
    return service(
        folder,
        name,
        EVENTY_EVENT_CONSUMER="eventy.consumer.kafka.KafkaConsumer",
        EVENTY_EVENT_EMITTER="eventy.emitter.kafka.KafkaProducer",
        KAFKA_BOOTSTRAP_SERVER=broker.bootstrap,
        KAFKA_CLIENT_ID=name,
        KAFKA_SESSION_TIMEOUT="6000",
    )


@pytest.mark.usefixtures("topics")
async def test_two_processes_of_one_group_share_the_work(tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    async with on_kafka(tmp_path, kafka_broker, "one") as one, on_kafka(tmp_path, kafka_broker, "two") as two:
        await gather(one.ready(), two.ready())
        await create_confirm_suspend_reject(asked=one, answering=two)

        payments = await gather(*(create_payment(one, contract_id="c2") for _ in range(40)))
        await gather(*(payment_is(two, payment, "created") for payment in payments))
        assert set(await gather(one.stop(), two.stop())) == {0}

    events = await records(kafka_broker.bootstrap, "payment-events")
    assert {event["source"] for event in events} == {"one", "two"}


@pytest.mark.usefixtures("topics")
async def test_nothing_is_skipped_when_a_process_is_ended_in_the_middle_of_a_thousand_messages(
    tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    async with on_kafka(tmp_path, kafka_broker, "first") as first:
        await first.ready()
        await send_commands(kafka_broker.bootstrap, 1000)
        await first.until(lambda: handled(kafka_broker.bootstrap), lambda count: count > 0)
        assert await first.stop() == 0, first.output()
    before = await handled(kafka_broker.bootstrap)

    async with on_kafka(tmp_path, kafka_broker, "second") as second:
        await second.ready()
        await second.until(lambda: handled(kafka_broker.bootstrap), lambda count: count >= 1000)
        assert await second.stop() == 0, second.output()

    events = await records(kafka_broker.bootstrap, "payment-events")
    handlings = Counter(event["key"] for event in events)
    assert set(handlings) == {f"p{number}" for number in range(1000)}
    assert sum(handlings.values()) == 1000, "a process that ends in good order leaves nothing to be handled again"
    assert before > 0


async def send_commands(bootstrap: str, count: int) -> None:
    emitter = KafkaProducer(broker=KafkaConnection(bootstrap_server=bootstrap), serializer=SERIALIZER, clock=Clock())
    await emitter.start()
    try:
        commands = [
            CreatePayment({"id": f"p{number}", "contract_id": "c", "amount": 1, "currency": "EUR"})
            for number in range(count)
        ]
        await emitter.send_many(commands, "payment-commands", key=lambda command: str(command.data["id"]))
    finally:
        await emitter.stop()


async def handled(bootstrap: str) -> int:
    """Return how many different commands were answered."""
    return len({event["key"] for event in await records(bootstrap, "payment-events")})


async def records(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    """Return key and source of all records of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[dict[str, Any]] = []
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [{"key": one.key.decode(), "source": dict(one.headers)["ce_source"].decode()} for one in batch]
        return found
    finally:
        await consumer.stop()
