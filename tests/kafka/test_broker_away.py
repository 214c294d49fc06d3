"""The broker goes away and comes back."""

import time

import pytest

from eventy.errors import BrokerUnavailableError
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded, event
from eventy.testing.kafka.broker import KafkaBroker


async def test_send_fails_within_a_bound_while_the_broker_is_away_and_succeeds_after(
    scene: Scene, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.emitter.kafka._SEND", 3.0)
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(1), topic)
    await until(lambda: emitter.readiness() is None)
    kafka_broker.kill()
    try:
        began = time.monotonic()
        with pytest.raises(BrokerUnavailableError, match=topic):
            await emitter.send(event(2), topic)
        assert time.monotonic() - began < 5
        assert emitter.readiness() is not None
    finally:
        await kafka_broker.start()
    await until(lambda: emitter.readiness() is None, lambda: str(emitter.readiness()))
    await emitter.send(event(3), topic)
    values = [record.value for record in await scene.backend.records(topic)]
    assert values[0] == encoded(1)
    assert values[-1] == encoded(3)


@pytest.mark.parametrize("group", ["group", None])
async def test_consumer_says_that_it_is_not_ready_while_the_broker_is_away_and_goes_on_after(
    scene: Scene, kafka_broker: KafkaBroker, group: str | None
) -> None:
    topic, notes = await scene.topic(), Notes()
    consumer = await scene.consume(notes, topic, group=group and topic)
    await scene.backend.put(topic, encoded(1))
    await notes.until(1)
    kafka_broker.kill()
    try:
        await until(lambda: "no connection to Kafka" in str(consumer.readiness()))
    finally:
        await kafka_broker.start()
    await until(lambda: consumer.readiness() is None, lambda: str(consumer.readiness()))
    await scene.backend.put(topic, encoded(2))
    await until(lambda: 2 in notes.numbers)
