"""Replays: what needs no broker to be seen."""

import asyncio

import pytest

from eventy.errors import BrokerUnavailableError
from eventy.message.record import TopicPartition
from eventy.testing.conformance.scene import DEADLINE, Notes, Scene, port_of, until


async def test_position_that_the_broker_does_not_tell_in_time_is_asked_for_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes, called = await scene.topic(partitions=2), Notes(), asyncio.Event()
    consumer = scene.consumer(topic, group="g", position="earliest")
    await consumer.start(notes)
    port, troubles = port_of(consumer), [BrokerUnavailableError("away") for _ in range(2)]

    async def ends_behind_a_marker(partition: TopicPartition) -> int:
        if troubles:
            raise troubles.pop()
        return 2 - partition.partition

    async def committed(partition: TopicPartition) -> int | None:
        return 2 - partition.partition

    monkeypatch.setattr(port, "position", ends_behind_a_marker)
    monkeypatch.setattr(port, "committed", committed)
    consumer.set_checkpoint_callback(called.set)
    await until(lambda: consumer.readiness() is None, lambda: str(consumer.readiness()))
    # Of the two offsets that the group has committed in the first partition, one is a transaction's marker.
    await scene.put(topic, 0)
    for number in range(1, 5):
        await scene.put(topic, number, partition=1)
        await notes.until(1 + number)
    await until(called.is_set, lambda: f"the callback called, found {consumer.readiness()}")
    assert not troubles
    assert consumer.readiness() is None


async def test_callback_may_stop_its_consumer(scene: Scene) -> None:
    topic, stopped = await scene.topic(), asyncio.Event()
    consumer = scene.consumer(topic, group="g", position="earliest")

    async def stop() -> None:
        await consumer.stop()
        stopped.set()

    await scene.put(topic, 0)
    consumer.set_checkpoint_callback(stop)
    await consumer.start(Notes())
    async with scene.clock.timeout(DEADLINE):
        await consumer.wait()
        await stopped.wait()
    assert await scene.backend.committed("g", topic) == {0: 1}
