"""How a consumer ends when something goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from eventy.clock import Clock
from eventy.consumer.memory import MemoryPort
from eventy.consumer.progress import Progress
from eventy.errors import BrokerError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from tests.conformance.scene import Notes, Scene, port_of, until
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
        await consumer.wait()
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
