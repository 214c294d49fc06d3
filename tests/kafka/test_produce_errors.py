"""The broker refuses a record."""

import asyncio

import pytest

from eventy.errors import HandlerError, RecordTooLargeError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.conformance.serializer import encoded, event
from eventy.testing.kafka.topics import unique


@pytest.fixture
async def small(backend: KafkaBackend) -> str:
    """A topic that takes 2,000 bytes."""
    topic = unique("small")
    await backend.create_topic(topic, 1, {"max.message.bytes": "2000"})
    return topic


async def test_refused_record_does_not_poison_the_next_send(scene: Scene, small: str) -> None:
    emitter = await scene.emitter()
    for number in range(3):
        with pytest.raises(RecordTooLargeError, match=r"max\.message\.bytes"):
            await emitter.send(event(padding="x" * 5_000), small)
        await emitter.send(event(number), small)
        with pytest.raises(RecordTooLargeError, match=r"max\.message\.bytes"):
            await emitter.send_many([event(padding="x" * 5_000)], small)
        await emitter.send_many([event(number)], small)
    values = [record.value for record in await scene.records(small, 6)]
    assert values == [encoded(number) for number in (0, 0, 1, 1, 2, 2)]


async def test_refused_record_does_no_harm_to_other_topics(scene: Scene, small: str) -> None:
    topic, emitter = await scene.topic(partitions=3), await scene.emitter()
    await emitter.send(event(), topic)
    sends = [emitter.send(event(number), topic) for number in range(100)]
    refused = emitter.send(event(padding="x" * 5_000), small)
    *sent, error = await asyncio.gather(*sends[:50], *sends[50:], refused, return_exceptions=True)
    assert sent == [None] * 100
    assert isinstance(error, RecordTooLargeError)
    await scene.records(topic, 101)


async def test_record_that_the_client_refuses_does_no_harm_to_those_sent_beside_it(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(), topic)

    def padded(size: int) -> ProducerRecord:
        return ProducerRecord(topic, None, b"x" * size, ())

    most = scene.backend.connection.max_request_size if isinstance(scene.backend, KafkaBackend) else 0
    writes = [emitter.write_one(padded(size)) for size in (10, most, 20)]  # all fit, without what framing adds
    before, error, after = await asyncio.gather(*writes, return_exceptions=True)
    assert (before, after) == (None, None)
    assert isinstance(error, RecordTooLargeError)
    await scene.records(topic, 3)


async def test_refused_record_of_a_handler_ends_the_consumer_and_commits_nothing_of_its_slice(
    scene: Scene, small: str
) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()

    async def send_too_much(_: BaseEvent, context: Context) -> None:
        await emitter.send(event(padding="x" * 5_000), small)

    await scene.backend.put(topic, encoded())
    consumer = await scene.begin(send_too_much, topic, group=topic)
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 0.*max\.message\.bytes") as failure:
        await consumer.wait()
    assert isinstance(failure.value.__cause__, RecordTooLargeError)
    await scene.until_committed(topic, topic, {0: 0})


async def test_refused_batch_does_no_harm_to_those_that_wait_for_the_same_partition(scene: Scene, small: str) -> None:
    emitter = await scene.emitter()
    await emitter.send_many([event()], small)
    sends = [emitter.send_many([event(number)], small) for number in range(20)]
    refused = [emitter.send_many([event(padding="x" * 5_000)], small) for _ in range(3)]
    outcomes = await asyncio.gather(*refused[:1], *sends[:10], *refused[1:], *sends[10:], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RecordTooLargeError] * 3
    await scene.records(small, 21)
