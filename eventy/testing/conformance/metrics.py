"""How far a consumer is behind is known without asking the broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventy.consumer.engine import EngineConsumer
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from eventy.testing.conformance.deliveries import exactly_once
from eventy.testing.conformance.exactly_once import forward
from eventy.testing.conformance.scene import Notes, Scene, until


def lag_of(consumer: EngineConsumer[Any]) -> dict[TopicPartition, int]:
    return dict(consumer.run.lag()) if consumer.run is not None else {}


async def until_lag(consumer: EngineConsumer[Any], lag: dict[TopicPartition, int]) -> None:
    await until(lambda: lag_of(consumer) == lag, lambda: f"{lag}, found {lag_of(consumer)}")


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_lag_grows_while_a_handler_runs_and_is_gone_when_all_is_done(scene: Scene, concurrency: int) -> None:
    topic, going_on = await scene.topic(partitions=2), asyncio.Event()
    handled, busy = TopicPartition(topic, 0), TopicPartition(topic, 1)

    async def wait_at_3(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 3:
            await going_on.wait()

    notes = Notes(wait_at_3)
    consumer = await scene.consume(notes, topic, group=topic, concurrency=concurrency)
    await scene.put(topic, 1, partition=0)
    await scene.put(topic, 1, 2, partition=1, key=b"k")
    await scene.until_committed(topic, topic, {0: 1, 1: 2})
    await until_lag(consumer, {handled: 0, busy: 0})
    await scene.put(topic, 3, 4, partition=1, key=b"k")
    await until_lag(consumer, {handled: 0, busy: 2})
    await scene.put(topic, 5, partition=1, key=b"k")  # more of them, and the partition may be paused, its end not seen
    await until_lag(consumer, {handled: 0, busy: 3})
    going_on.set()
    await until_lag(consumer, {handled: 0, busy: 0})
    assert consumer.counts.handled == 6


@exactly_once
async def test_lag_of_a_topic_with_transactions_comes_to_nothing(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    reader = await scene.consume(Notes(), out, group=out)
    await scene.consume(forward(emitter, out), topic, group=topic)
    await scene.put(topic, 1, 2, 3)
    await until(lambda: reader.counts.handled == 3)
    await until_lag(reader, {TopicPartition(out, 0): 0})
