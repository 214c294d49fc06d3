"""The broker isn't there."""

import asyncio
import dataclasses
import time

import pytest

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.consumer.kafka import KafkaConsumer
from eventy.emitter.kafka import KafkaProducer
from eventy.errors import BrokerUnavailableError
from eventy.testing.conformance.scene import Notes
from eventy.testing.conformance.serializer import JsonSerializer, event


@pytest.fixture(params=["refused", "mute"])
def connection(request: pytest.FixtureRequest) -> KafkaConnection:
    connection: KafkaConnection = request.getfixturevalue(request.param)
    return connection


def consumer_of(connection: KafkaConnection, group: str | None = "group") -> KafkaConsumer:
    return KafkaConsumer(
        broker=connection,
        serializer=JsonSerializer(),
        clock=Clock(),
        event_topics=["topic"],
        event_group=group,
        position="latest",
    )


def emitter_of(connection: KafkaConnection) -> KafkaProducer:
    return KafkaProducer(broker=connection, serializer=JsonSerializer(), clock=Clock())


@pytest.mark.parametrize("group", ["group", None])
async def test_consumer_names_the_setting_when_nobody_answers_at_start(
    connection: KafkaConnection, group: str | None
) -> None:
    consumer, began = consumer_of(connection, group), time.monotonic()
    await consumer.start(Notes())
    assert consumer.readiness() is not None
    with pytest.raises(BrokerUnavailableError, match=f"KAFKA_BOOTSTRAP_SERVER={connection.bootstrap_server}"):
        await consumer.wait()
    assert time.monotonic() - began < 4
    assert "EVENTY_START_TIMEOUT" in str(consumer.readiness())
    with pytest.raises(BrokerUnavailableError):
        await consumer.stop()


async def test_emitter_names_the_setting_when_nobody_answers_at_start(connection: KafkaConnection) -> None:
    emitter, began = emitter_of(connection), time.monotonic()
    await emitter.start()
    assert emitter.readiness() is not None
    with pytest.raises(BrokerUnavailableError, match=f"KAFKA_BOOTSTRAP_SERVER={connection.bootstrap_server}"):
        await emitter.wait()
    assert time.monotonic() - began < 4
    assert emitter.readiness() is not None
    await emitter.stop()


async def test_stop_does_not_wait_for_a_connection(connection: KafkaConnection) -> None:
    patient = dataclasses.replace(connection, start_timeout=60_000)
    consumer, emitter = consumer_of(patient), emitter_of(patient)
    await asyncio.gather(consumer.start(Notes()), emitter.start())
    waiting = asyncio.gather(consumer.wait(), emitter.wait())
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await asyncio.gather(consumer.stop(), emitter.stop())
    await waiting
    assert time.monotonic() - began < 2


async def test_send_before_the_start_says_what_to_do(refused: KafkaConnection) -> None:
    with pytest.raises(BrokerUnavailableError, match="isn't started"):
        await emitter_of(refused).send(event(), "topic")


async def test_send_waits_for_the_broker_but_not_for_ever(
    refused: KafkaConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.emitter.kafka._SEND", 1.0)
    patient, began = emitter_of(dataclasses.replace(refused, start_timeout=60_000)), time.monotonic()
    await patient.start()
    results = await asyncio.gather(
        patient.send(event(), "topic"), patient.send_many([event()], "topic"), return_exceptions=True
    )
    assert [type(result) for result in results] == [BrokerUnavailableError] * 2
    assert 0.9 < time.monotonic() - began < 3
    await patient.stop()
