"""What isn't handled stays in Kafka."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ProducerClosed
from aiokafka.protocol.produce import ProduceRequest

from eventy.broker.kafka.closing import break_off
from eventy.clock import Clock
from eventy.consumer.kafka_port import KafkaPort
from eventy.consumer.subscription import Subscription
from eventy.emitter.kafka import KafkaProducer
from eventy.errors import BrokerUnavailableError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene
from eventy.testing.conformance.serializer import event


async def test_the_rest_comes_after_a_restart_none_skipped_and_none_twice(scene: Scene) -> None:
    topic, emitter, going_on = await scene.topic(partitions=3), await scene.emitter(), asyncio.Event()

    async def wait(sent: BaseEvent, context: Context) -> None:
        await going_on.wait()

    notes = Notes(wait)
    await emitter.send_many(map(event, range(300)), topic, key=lambda sent: str(sent.data["n"]))
    consumer = await scene.consume(notes, topic, group=topic)
    await notes.until(3)
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.sleep(0)
    going_on.set()
    await stopping
    assert len(notes.numbers) == 3
    committed = await scene.backend.committed(topic, topic)
    assert committed == {0: 1, 1: 1, 2: 1}
    await scene.consume(notes, topic, group=topic)
    await notes.until(300)
    assert sorted(notes.numbers) == list(range(300))


async def test_client_of_a_consumer_that_is_cut_short_while_it_leaves_is_closed(backend: KafkaBackend) -> None:
    port = KafkaPort(backend.connection, Clock(), Subscription(()), None)
    port._keep_looking(await port._connect(), lambda: None)
    client = port._client
    leaving = asyncio.create_task(port._leave())
    await asyncio.sleep(0)  # it waits for the watch, which ends first
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert client is not None
    assert client._closed


async def test_producer_whose_end_is_cut_short_is_closed(scene: Scene, backend: KafkaBackend) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=backend.connection.bootstrap_server, linger_ms=60_000)
    await producer.start()
    unsent = await producer.send(await scene.topic(), b"x", partition=0)
    before = asyncio.all_tasks()
    ending = asyncio.create_task(break_off(producer))
    await asyncio.sleep(0)  # it has begun
    begun = asyncio.all_tasks() - before
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert producer._closed  # the client would warn of others
    assert isinstance(unsent.exception(), ProducerClosed)
    await asyncio.wait(begun)


async def test_emitter_whose_stop_is_cut_short_at_once_is_closed(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    assert isinstance(emitter, KafkaProducer)
    await emitter.send(event(), topic)
    stopping = asyncio.create_task(emitter.stop())
    await asyncio.sleep(0)  # it has begun
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    with pytest.raises(BrokerUnavailableError, match="closed"):
        await emitter._producer.get()


async def test_send_that_nobody_waits_for_any_more_leaves_no_error_unread(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(1), topic)
    send = AIOKafkaClient.send

    async def withhold(client: AIOKafkaClient, node: int, request: object, **more: object) -> object:
        if isinstance(request, ProduceRequest):
            await asyncio.Event().wait()
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", withhold)
    monkeypatch.setattr("eventy.emitter.kafka._SEND", 0.3)
    monkeypatch.setattr("eventy.broker.kafka.closing._CLOSE", 0.3)
    with pytest.raises(BrokerUnavailableError):
        await emitter.send(event(2), topic)
    await emitter.stop()
