"""What many senders write to one partition."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.outbox import Outboxes, Parcel
from eventy.broker.kafka.producer import LiveProducer
from eventy.clock import Clock
from eventy.emitter.kafka import KafkaProducer
from eventy.errors import BrokerUnavailableError, RecordTooLargeError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene, until
from eventy.testing.conformance.serializer import encoded, event
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.topics import create_topics, unique


def sized(topic: str, size: int) -> ProducerRecord:
    return ProducerRecord(topic, None, b"x" * size, ())


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The records of each batch that is given to the client."""
    counts: list[int] = []
    send_batch: Callable[..., Awaitable[Any]] = AIOKafkaProducer.send_batch

    async def counted(producer: AIOKafkaProducer, batch: Any, *args: Any, **options: Any) -> Any:
        counts.append(batch.record_count())
        return await send_batch(producer, batch, *args, **options)

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", counted)
    return counts


async def test_what_is_given_while_a_batch_is_under_way_goes_with_the_next(scene: Scene, batches: list[int]) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(0), topic)
    batches.clear()
    await asyncio.gather(*(emitter.send_many([event(number)], topic) for number in range(100)))
    assert sum(batches) == 100
    assert len(batches) <= 3
    await scene.records(topic, 101)


async def test_refused_record_does_no_harm_to_those_that_are_sent_with_it(scene: Scene) -> None:
    topic, emitter = await scene.topic(configs={"max.message.bytes": "2000"}), await scene.emitter()
    await emitter.send(event(), topic)
    sends = [
        emitter.send(event(7, padding="x" * 5_000) if number == 7 else event(number), topic) for number in range(20)
    ]
    outcomes = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(outcomes.pop(7), RecordTooLargeError)
    assert outcomes == [None] * 19
    values = [record.value for record in await scene.records(topic, 20)]
    assert values == [encoded(), *(encoded(number) for number in range(20) if number != 7)]


async def test_what_is_acknowledged_before_a_refusal_is_not_written_again(scene: Scene) -> None:
    topic, emitter = await scene.topic(configs={"max.message.bytes": "300000"}), await scene.emitter()
    await emitter.send(event(), topic)
    sizes = (100_000, 100_000, 400_000, 100_000)  # two are a batch
    writes = [emitter.write([sized(topic, size)]) for size in sizes]
    *written, refused, last = await asyncio.gather(*writes, return_exceptions=True)
    assert (*written, last) == (None, None, None)
    assert isinstance(refused, RecordTooLargeError)
    assert [len(record.value or b"") for record in await scene.records(topic, 4)][1:] == [100_000] * 3


async def test_what_is_acknowledged_of_a_write_is_not_written_again_when_its_rest_is_refused_with_others(
    scene: Scene,
) -> None:
    topic, emitter = await scene.topic(configs={"max.message.bytes": "205000"}), await scene.emitter()
    await emitter.send(event(), topic)
    sizes = [100_000] * 5 + [120_000]  # the last two fit a batch, and the topic takes no such batch
    await asyncio.gather(
        emitter.write([sized(topic, size) for size in sizes[:5]]), emitter.write([sized(topic, sizes[5])])
    )
    assert [len(record.value or b"") for record in await scene.records(topic, 7)][1:] == sizes


async def test_refused_record_does_no_harm_to_a_write_of_many_batches_to_another_topic(
    scene: Scene, batches: list[int]
) -> None:
    topic, small = await scene.topic(), await scene.topic(configs={"max.message.bytes": "2000"})
    emitter = await scene.emitter()
    await emitter.send(event(), topic)
    await emitter.send(event(), small)
    batches.clear()
    writing = asyncio.create_task(emitter.write([sized(topic, 100_000)] * 100))
    await until(lambda: bool(batches))
    with pytest.raises(RecordTooLargeError):
        await emitter.send(event(padding="x" * 5_000), small)
    assert not writing.done()
    await writing
    await scene.records(topic, 101)


async def test_refused_record_does_no_harm_to_a_send_whose_topic_is_not_known_yet(
    scene: Scene, kafka_broker: KafkaBroker
) -> None:
    small, late = await scene.topic(configs={"max.message.bytes": "2000"}), unique("late")
    emitter = await scene.emitter()
    await emitter.send(event(), small)
    sending = asyncio.create_task(emitter.send(event(), late))
    with pytest.raises(RecordTooLargeError):
        await emitter.send(event(padding="x" * 5_000), small)
    await create_topics(kafka_broker.bootstrap, {late: 1})
    async with Clock().timeout(5):
        await sending


async def test_what_its_sender_has_given_up_is_not_written(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(0), topic)
    sends = [asyncio.create_task(emitter.send(event(number), topic)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    sends[1].cancel()
    await asyncio.wait(sends)
    assert [record.value for record in await scene.records(topic, 3)] == [encoded(0), encoded(1), encoded(3)]


async def test_each_sender_is_told_when_its_own_time_is_up(mute: KafkaConnection) -> None:
    producer, partition, loop = LiveProducer(mute), TopicPartition("topic", 0), asyncio.get_running_loop()
    outboxes, now, records = Outboxes(producer), loop.time(), (sized("topic", 1),)
    long, short, later = (loop.create_future() for _ in range(3))
    outboxes.put(partition, Parcel(records, long, now + 0.6))
    await asyncio.sleep(0)  # it is under way
    outboxes.put(partition, Parcel(records, short, now + 0.1))
    outboxes.put(partition, Parcel(records, later, now + 0.9))
    for written, others in ((short, (long, later)), (long, (later,)), (later, ())):
        with pytest.raises(BrokerUnavailableError, match=r"sending to topic\[0\]"):
            await written
        assert not any(other.done() for other in others)
        assert producer.trouble is not None
    await outboxes.settle()
    await producer.close()


async def test_what_is_accepted_is_sent_before_the_emitter_stops(scene: Scene, batches: list[int]) -> None:
    topic, emitter = await scene.topic(partitions=3), await scene.emitter()
    await emitter.send(event(), topic)
    batches.clear()
    sends = [asyncio.create_task(emitter.send(event(number), topic, key=str(number))) for number in range(200)]
    await until(lambda: bool(batches))
    bulk = asyncio.create_task(emitter.send_many(map(event, range(200)), topic))  # it waits for those under way
    await asyncio.sleep(0)
    await emitter.stop()
    await asyncio.gather(bulk, *sends)
    await scene.records(topic, 401)


async def test_trouble_is_over_when_the_broker_answers(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    assert isinstance(emitter, KafkaProducer)
    await emitter.send(event(), topic)
    emitter._producer.doubt(BrokerUnavailableError("the broker doesn't answer in time"))
    assert emitter.readiness() == "the broker doesn't answer in time"
    await emitter.send(event(), topic)
    assert emitter.readiness() is None


async def test_send_that_joins_others_which_wait_for_their_topic_has_its_own_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.emitter.kafka._SEND", 1.0)
    late, emitter, loop = unique("late"), await scene.emitter(), asyncio.get_running_loop()
    first = asyncio.create_task(emitter.send(event(), late))
    await asyncio.sleep(0.5)
    began = loop.time()
    with pytest.raises(BrokerUnavailableError, match=late):
        await emitter.send(event(), late)
    assert 0.9 < loop.time() - began < 2
    with pytest.raises(BrokerUnavailableError, match=late):
        await first


async def test_stop_takes_no_more_in(scene: Scene) -> None:
    topic, emitter, loop = await scene.topic(), await scene.emitter(), asyncio.get_running_loop()
    sent = [0]

    async def send_on() -> None:
        while True:
            await emitter.send(event(), topic)
            sent[0] += 1

    senders = [asyncio.create_task(send_on()) for _ in range(20)]
    await until(lambda: sent[0] > 100)
    began = loop.time()
    await emitter.stop()
    assert loop.time() - began < 2
    outcomes = await asyncio.gather(*senders, return_exceptions=True)
    assert {str(outcome) for outcome in outcomes} == {"the emitter stops, nothing can be sent any more"}
    await scene.records(topic, sent[0])


async def test_writes_that_begin_while_others_are_under_way_do_not_make_each_other_time_out(scene: Scene) -> None:
    """The client counts the waiting of each against all who wait for a partition."""
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(), topic)
    writes = []
    for number in range(400):
        writes.append(asyncio.create_task(emitter.send_many([event(number)], topic)))
        await asyncio.sleep(0)
    await asyncio.gather(*writes)
    assert [record.value for record in await scene.records(topic, 401)][1:] == [encoded(n) for n in range(400)]


async def test_batches_are_no_larger_than_the_largest_request(scene: Scene, backend: KafkaBackend) -> None:
    topic = await scene.topic(configs={"max.message.bytes": "20000"})
    emitter = KafkaProducer(
        broker=replace(backend.connection, max_request_size=20_000), serializer=scene.serializer, clock=scene.clock
    )
    await emitter.start()
    await emitter.send_many([event(number, padding="x" * 1_000) for number in range(100)], topic)
    await emitter.stop()
    await scene.records(topic, 100)
