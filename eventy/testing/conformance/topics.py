"""Which topics are read: named ones, and all that a pattern matches, those that appear later as well."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded, event
from eventy.testing.kafka.topics import unique


@pytest.fixture
def kafka_looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice a second; by itself it's every 5 s."""
    monkeypatch.setattr("eventy.broker.kafka.connection.METADATA_MAX_AGE", 500)
    monkeypatch.setattr("eventy.consumer.kafka_port.METADATA_MAX_AGE", 500)


class Family:
    """Topics whose names begin alike, and the pattern that means them all."""

    def __init__(self, scene: Scene) -> None:
        self.name = unique("family")
        self.pattern = re.compile(rf"{self.name}-.*")
        self._scene = scene

    async def topic(self, name: str, partitions: int = 1) -> str:
        topic = f"{self.name}-{name}"
        await self._scene.backend.create_topic(topic, partitions)
        return topic


@pytest.fixture
def family(scene: Scene) -> Family:
    return Family(scene)


async def put(scene: Scene, topic: str, *numbers: int, partition: int = 0) -> None:
    for number in numbers:
        await scene.backend.put(topic, encoded(number), partition=partition)


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.usefixtures("kafka_looks_often")
async def test_names_and_patterns_are_read_together(scene: Scene, family: Family, grouped: bool) -> None:
    named, one, two = await scene.topic(), await family.topic("1"), await family.topic("2")
    other, longer, notes = await scene.topic("other"), f"x{family.name}-3", Notes()
    await scene.backend.create_topic(longer, 1)
    for number, topic in enumerate([other, longer, named, one, two]):
        await put(scene, topic, number)
    await scene.consume(notes, named, family.pattern, group=family.name if grouped else None)
    await put(scene, two, 5)
    await notes.until(4)
    assert sorted(notes.numbers) == [2, 3, 4, 5]
    assert {context.topic for context in notes.contexts} == {named, one, two}


@pytest.mark.usefixtures("kafka_looks_often")
async def test_internal_topics_and_dead_letters_are_not_meant_by_a_pattern(scene: Scene, family: Family) -> None:
    one, letters, internal = await family.topic("1"), await family.topic("1-dlt"), f"__{family.name}"
    await scene.backend.create_topic(internal, 1)
    notes, named = Notes(), Notes()
    for number, topic in enumerate([letters, internal, one]):
        await put(scene, topic, number)
    await scene.consume(notes, re.compile(rf"(__)?{family.name}.*"), group=family.name)
    await scene.consume(named, family.pattern, letters, internal)
    await put(scene, one, 3)
    await asyncio.gather(notes.until(2), named.until(4))
    assert notes.numbers == [2, 3]
    assert sorted(named.numbers) == [0, 1, 2, 3]


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.usefixtures("kafka_looks_often")
async def test_pattern_that_matches_nothing_is_ready_and_waits(scene: Scene, family: Family, grouped: bool) -> None:
    notes = Notes()
    await scene.consume(notes, family.pattern, group=family.name if grouped else None, position="latest")
    first = await family.topic("first", 2)
    await put(scene, first, 1, 2, partition=1)
    await notes.until(2)
    await put(scene, first, 3, partition=1)
    await notes.until(3)
    assert notes.numbers == [1, 2, 3]


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.usefixtures("kafka_looks_often")
async def test_topic_that_appears_while_messages_flow_is_read_from_its_beginning_and_nothing_comes_twice(
    scene: Scene, family: Family, grouped: bool
) -> None:
    flowing, notes, numbers = await family.topic("flowing", 3), Notes(), Numbers()
    emitter = await scene.emitter()
    await put(scene, flowing, -1)
    await scene.consume(notes, family.pattern, group=family.name if grouped else None, position="latest")

    async def flow(until_handled: str) -> None:
        while not any(context.topic == until_handled for context in notes.contexts):
            number = numbers.next()
            await emitter.send(event(number), flowing, key=str(number))
            await scene.clock.sleep(0)

    for name in ("second", "third"):
        topic = await family.topic(name, 2)
        await put(scene, topic, *numbers.some(20), partition=1)
        await flow(topic)
    await notes.until(numbers.given)
    assert Counter(notes.numbers) == Counter(range(numbers.given))


@pytest.mark.usefixtures("kafka_looks_often")
async def test_partition_that_appears_later_is_read_from_its_beginning(scene: Scene, family: Family) -> None:
    topic, by_name, by_pattern, alone = await family.topic("grows"), Notes(), Notes(), Notes()
    await put(scene, topic, 0)
    await scene.consume(by_name, topic, group=topic, position="latest")
    await scene.consume(by_pattern, family.pattern, group=family.name, position="latest")
    await scene.consume(alone, family.pattern, position="latest")
    await scene.backend.add_partitions(topic, 3)
    await put(scene, topic, 1, 2, partition=2)
    await put(scene, topic, 3)
    await asyncio.gather(*(notes.until(3) for notes in (by_name, by_pattern, alone)))
    assert sorted(by_name.numbers) == sorted(by_pattern.numbers) == sorted(alone.numbers) == [1, 2, 3]


@pytest.mark.usefixtures("kafka_looks_often")
async def test_members_with_the_same_pattern_share_what_appears_later(scene: Scene, family: Family) -> None:
    first, members = await family.topic("first", 2), (Notes(), Notes())
    await asyncio.gather(*(scene.consume(notes, family.pattern, group=family.name) for notes in members))
    await put(scene, first, 0)
    await put(scene, first, 1, partition=1)
    second = await family.topic("second", 4)
    for partition in range(4):
        await put(scene, second, *range(2 + 10 * partition, 12 + 10 * partition), partition=partition)
    await shared(42, members)
    await scene.until_committed(family.name, second, dict.fromkeys(range(4), 10))
    await both_handle(scene, second, 42, members)


async def both_handle(scene: Scene, topic: str, number: int, members: tuple[Notes, Notes]) -> None:
    """Return when both members have handled something of a topic, and nothing twice; `number` is the next to put."""
    while not all(any(context.topic == topic for context in notes.contexts) for notes in members):
        for partition in range(4):
            await put(scene, topic, number + partition, partition=partition)
        number += 4
        await shared(number, members)


async def shared(count: int, members: tuple[Notes, Notes]) -> None:
    await until(lambda: sum(len(notes.numbers) for notes in members) >= count)
    assert Counter(number for notes in members for number in notes.numbers) == Counter(range(count))


class Numbers:
    """Counts from 0."""

    def __init__(self) -> None:
        self.given = 0

    def next(self) -> int:
        return next(self.some(1))

    def some(self, count: int) -> Iterator[int]:
        self.given += count
        return iter(range(self.given - count, self.given))
