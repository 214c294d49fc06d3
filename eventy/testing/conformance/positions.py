"""Where a consumer begins."""

from __future__ import annotations

import asyncio

import pytest

from eventy.errors import HandlerError
from eventy.testing.conformance.scene import Notes, Scene


async def test_latest_begins_at_the_end_and_commits_that_at_once(scene: Scene) -> None:
    topic, notes = await scene.topic(partitions=2), Notes()
    await scene.put(topic, 1, 2, 3)
    consumer = await scene.consume(notes, topic, group=topic, position="latest")
    await scene.until_committed(topic, topic, {0: 3, 1: 0})
    await scene.give_up(consumer)
    await scene.put(topic, 4)
    await scene.consume(notes, topic, group=topic, position="latest")
    await notes.until(1)
    assert notes.numbers == [4]


async def test_latest_goes_on_from_what_is_committed(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    consumer = await scene.consume(notes, topic, group=topic, position="latest")
    await scene.put(topic, 1)
    await notes.until(1)
    await consumer.stop()
    await scene.put(topic, 2, 3)
    await scene.consume(notes, topic, group=topic, position="latest")
    await notes.until(3)
    assert notes.numbers == [1, 2, 3]


async def test_committed_begins_at_the_beginning_then_goes_on_from_what_is_committed(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    await scene.put(topic, 1, 2)
    consumer = await scene.consume(notes, topic, group=topic, position="committed")
    await notes.until(2)
    await consumer.stop()
    await scene.put(topic, 3)
    await scene.consume(notes, topic, group=topic, position="committed")
    await notes.until(3)
    assert notes.numbers == [1, 2, 3]


async def test_without_a_group_earliest_begins_at_the_beginning_and_latest_at_the_end(scene: Scene) -> None:
    topic, earliest, latest = await scene.topic(), Notes(), Notes()
    await scene.put(topic, 1, 2)
    await asyncio.gather(
        scene.consume(earliest, topic, position="earliest"), scene.consume(latest, topic, position="latest")
    )
    await scene.put(topic, 3)
    await asyncio.gather(earliest.until(3), latest.until(1))
    assert earliest.numbers == [1, 2, 3]
    assert latest.numbers == [3]


async def test_what_appears_after_the_start_is_read_from_its_beginning(scene: Scene) -> None:
    topic, later, grouped, alone = await scene.topic(), f"{await scene.topic()}-later", Notes(), Notes()
    await scene.put(topic, 0)
    await scene.consume(grouped, topic, later, group=topic, position="latest")
    await scene.consume(alone, topic, later, position="latest")
    await scene.put(topic, 1)
    await asyncio.gather(grouped.until(1), alone.until(1))
    await scene.backend.add_partitions(topic, 8)
    await scene.backend.create_topic(later, 8)
    await scene.put(topic, 2, 3, partition=7)
    await scene.put(later, 4, 5, partition=7)
    await scene.put(topic, 6)
    await asyncio.gather(grouped.until(6), alone.until(6))
    assert sorted(grouped.numbers) == sorted(alone.numbers) == [1, 2, 3, 4, 5, 6]


async def test_message_that_was_given_up_comes_again_after_a_restart(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()

    async def fail(*_: object) -> None:
        raise ValueError("broken")

    await scene.put(topic, 1, 2)
    consumer = await scene.begin(fail, topic, group=topic, max_retries=0)
    with pytest.raises(HandlerError):
        await consumer.wait()
    with pytest.raises(HandlerError):
        await consumer.stop()
    await scene.consume(notes, topic, group=topic)
    await notes.until(2)
    assert notes.numbers == [1, 2]
