"""How a consumer ends when something goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from eventy.clock import Clock
from eventy.consumer.memory import MemoryPort
from eventy.consumer.progress import Progress
from eventy.errors import BrokerError, BrokerUnavailableError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from tests.conformance.scene import DEADLINE, HastyClock, Notes, Scene, ended, port_of, until
from tests.conformance.serializer import encoded

FIRST = TopicPartition("topic", 0)


async def test_failure_is_told_at_once_though_another_handler_still_runs(scene: Scene) -> None:
    topic, going_on = await scene.topic(partitions=2), asyncio.Event()

    async def wait_or_fail(_: BaseEvent, context: Context) -> None:
        if context.partition == 0:
            await going_on.wait()
        else:
            raise ValueError("broken")

    notes = Notes(wait_or_fail)
    consumer = await scene.consume(notes, topic, group="g", max_retries=0)
    await scene.backend.put(topic, encoded(1), partition=0)
    await notes.until(1)
    await scene.backend.put(topic, encoded(2), partition=1)
    with pytest.raises(HandlerError):
        await ended(consumer)
    assert not going_on.is_set()
    going_on.set()
    with pytest.raises(HandlerError):
        await consumer.stop()
    await scene.until_committed("g", topic, {0: 1, 1: 0})


async def test_end_that_fails_is_an_end_nevertheless(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await scene.topic()
    consumer = await scene.consume(Notes(), topic, group="g")
    close = port_of(consumer).close

    async def fail() -> None:
        await close()
        raise BrokerError("while leaving")

    monkeypatch.setattr(port_of(consumer), "close", fail)
    with pytest.raises(BrokerError, match="while leaving"):
        await consumer.stop()
    await consumer.wait()


@pytest.mark.parametrize("concurrency", [1, 2])
async def test_handler_that_ignores_its_cancellation_neither_holds_up_the_group_nor_counts_any_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(MemoryPort, "revoke_timeout", 0.05)
    monkeypatch.setattr("eventy.consumer.assignment._CANCEL", 0.05)
    topic, going_on, ended = await scene.topic(), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation(_: BaseEvent, __: Context) -> None:
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    stubborn, second = Notes(ignore_cancellation), Notes()
    await scene.backend.put(topic, encoded(1))
    await scene.consume(stubborn, topic, group="g", concurrency=concurrency)
    await stubborn.until(1)
    await scene.begin(second, topic, group="g")
    await until(lambda: len(second.numbers) + len(stubborn.numbers) == 2)  # the message came again, to either of them
    await scene.backend.put(topic, encoded(2))
    going_on.set()
    await ended.wait()
    await scene.until_committed("g", topic, {0: 2})


async def test_flush_waits_for_another_that_is_under_way() -> None:
    steps: list[str] = []
    answered = asyncio.Event()

    async def commit(_: Mapping[TopicPartition, int]) -> None:
        steps.append("begins")
        await answered.wait()
        steps.append("ends")

    progress = Progress(commit, Clock(), lambda error: None)
    progress.mark(FIRST, 1)
    flushes = [asyncio.create_task(progress.flush())]
    await Clock().sleep(0)
    progress.mark(FIRST, 2)
    flushes.append(asyncio.create_task(progress.flush()))
    await Clock().sleep(0)
    assert steps == ["begins"]
    answered.set()
    await asyncio.gather(*flushes)
    assert steps == ["begins", "ends", "begins", "ends"]


async def test_checkpoint_callback_that_ignores_its_cancellation_does_not_hold_up_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.consumer.checkpoints._CANCEL", 0.05)
    topic, began, going_on, ended = await scene.topic(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation() -> None:
        began.set()
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    consumer = await scene.begin(Notes(), topic, group="g")
    consumer.set_checkpoint_callback(ignore_cancellation)
    await began.wait()
    async with Clock().timeout(DEADLINE):
        await consumer.stop()
    going_on.set()
    await ended.wait()


async def test_position_that_the_broker_does_not_tell_ends_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def stay_silent(_: MemoryPort, __: TopicPartition) -> int:
        asked.set()
        raise BrokerUnavailableError("away")

    async def further(_: MemoryPort, __: TopicPartition) -> int:
        return 3

    monkeypatch.setattr(MemoryPort, "position", stay_silent)
    monkeypatch.setattr(MemoryPort, "committed", further)
    topic, notes = await scene.topic(partitions=2), Notes()
    consumer = await scene.consume(notes, topic, group="g", position="earliest", clock=HastyClock())
    await scene.put(topic, 1, partition=1)  # the other partition, which has nothing yet, is asked for its position
    await notes.until(1)
    await asked.wait()
    await scene.put(topic, 2, partition=1)
    await notes.until(2)
    assert notes.numbers == [1, 2]
    assert consumer.readiness() is None


async def test_checkpoint_callback_that_cancels_itself_ends_the_consumer(scene: Scene) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    consumer = await scene.consume(Notes(), await scene.topic(), group="g")
    consumer.set_checkpoint_callback(cancelled)
    with pytest.raises(HandlerError, match="checkpoint callback"):
        await ended(consumer)
