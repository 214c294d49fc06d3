"""A rebalance takes partitions whose handlers still run."""

import asyncio
import dataclasses
import time
from typing import Any

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded


def grant(scene: Scene, **times: int) -> None:
    """Have consumers that begin from now on join the group with other times, in ms."""
    backend: Any = scene.backend
    backend.connection = dataclasses.replace(backend.connection, **times)


async def test_handler_that_outlasts_its_bound_neither_holds_up_the_group_nor_counts_any_more(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()
    grant(scene, rebalance_timeout=8_000)
    going_on, stubborn = asyncio.Event(), list[int]()

    async def send_and_ignore_cancellation(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        if event.data["n"] in {0, 1} and old.numbers.count(event.data["n"]) == 1:
            while not going_on.is_set():
                try:
                    await going_on.wait()
                except asyncio.CancelledError:
                    continue
            stubborn.append(event.data["n"])

    async def send(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)

    old, new = Notes(send_and_ignore_cancellation), Notes(send)
    await scene.consume(old, topic, group=topic)
    for number in range(2):
        await scene.backend.put(topic, encoded(number), partition=number)
    await old.until(2)
    try:
        began = time.monotonic()
        await scene.consume(new, topic, group=topic)
        # Each of them gets one of the two messages again: nobody was expelled, though neither handler has returned.
        await until(lambda: len(new.numbers) == 1 and len(old.numbers) == 3)
        assert time.monotonic() - began < 8
        assert sorted(new.numbers + old.numbers[2:]) == [0, 1]
        assert not stubborn
        for number in range(2, 6):
            await scene.backend.put(topic, encoded(number), partition=number % 2)
        await scene.until_committed(topic, topic, {0: 3, 1: 3})
    finally:
        going_on.set()  # they can't be ended otherwise
    await until(lambda: len(stubborn) == 2)
    for number in range(6, 8):  # whatever the two still did would come before these
        await scene.backend.put(topic, encoded(number), partition=number % 2)
    await scene.until_committed(topic, topic, {0: 4, 1: 4})
    values = [record.value for record in await scene.records(out, 8)]
    assert sorted(map(bytes, filter(None, values))) == [encoded(number) for number in range(8)]


async def test_handler_may_take_longer_than_a_session_when_the_group_rebalances(scene: Scene) -> None:
    topic, going_on = await scene.topic(partitions=2), asyncio.Event()
    grant(scene, session_timeout=1_500, rebalance_timeout=20_000)

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    old, new = Notes(wait), Notes()
    await scene.consume(old, topic, group=topic)
    for number in range(6):
        await scene.backend.put(topic, encoded(number), partition=number % 2)
    await old.until(2)
    joining = asyncio.create_task(scene.consume(new, topic, group=topic))
    await asyncio.sleep(4)  # the group would have gone on without a member that has a session's time for its handlers
    assert not joining.done()
    going_on.set()
    await joining
    await scene.until_committed(topic, topic, {0: 3, 1: 3})
    assert sorted(old.numbers + new.numbers) == list(range(6))
