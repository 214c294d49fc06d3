"""A replay reads partitions that are added meanwhile."""

import asyncio

import pytest

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.replay import Told, handle_once, start
from eventy.testing.conformance.scene import Notes, Scene, until


@pytest.mark.parametrize("backend", ["memory"], indirect=True)  # with Kafka it takes seconds to see them
async def test_partitions_that_are_added_during_a_replay_are_read_as_well(scene: Scene) -> None:
    topic, going_on, told = await scene.topic(), asyncio.Event(), Told()
    await scene.put(topic, 0, 1)
    await handle_once(scene, topic, {0: 2})

    async def wait(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 0:
            await going_on.wait()

    notes = Notes(wait)
    await start(scene, notes, topic, group=topic, told=told)
    await notes.until(1)
    await scene.backend.add_partitions(topic, 2)
    await scene.put(topic, 2, partition=1)
    going_on.set()
    await scene.until_committed(topic, topic, {0: 2, 1: 1})
    await until(lambda: sorted(notes.numbers) == [0, 1, 2])
    await told.once()
    replayed = {n for n, context in zip(notes.numbers, notes.contexts, strict=True) if context.is_replaying}
    assert replayed == {0, 1}
