"""What is promised to who runs more than one process."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from eventy.consumer.engine import EngineConsumer
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded, event


async def share_work(scene: Scene, topic: str, *members: Notes) -> int:
    """Have each member handle something; return how many events that took, all of them handled once."""
    emitter, sent = await scene.emitter(), 0
    while not all(member.numbers for member in members):
        await emitter.send_many(map(event, range(sent, sent + 8)), topic, key=lambda one: str(one.data["n"]))
        sent += 8
        await handled_once(sent, *members)
    return sent


async def handled_once(count: int, *members: Notes) -> None:
    await until(lambda: sum(len(member.numbers) for member in members) >= count)
    handled = Counter(number for member in members for number in member.numbers)
    assert handled == Counter(range(count))


async def test_members_of_a_group_share_the_work(scene: Scene) -> None:
    topic, one, two = await scene.topic(partitions=4), Notes(), Notes()
    await asyncio.gather(scene.consume(one, topic, group=topic), scene.consume(two, topic, group=topic))
    await share_work(scene, topic, one, two)
    places = [{context.partition for context in member.contexts} for member in (one, two)]
    assert places[0] | places[1] == {0, 1, 2, 3}


async def test_what_a_member_leaves_behind_goes_on_at_once_and_nothing_is_handled_twice(scene: Scene) -> None:
    topic, emitter, one, two = await scene.topic(partitions=4), await scene.emitter(), Notes(), Notes()
    consumers = await asyncio.gather(*(scene.consume(notes, topic, group=topic) for notes in (one, two)))
    sent = await share_work(scene, topic, one, two)

    async def send() -> None:
        for number in range(sent, sent + 100):
            await emitter.send(event(number), topic, key=str(number))

    async def leave(consumer: EngineConsumer[Any]) -> None:
        await one.until(len(one.numbers) + 3)
        await consumer.stop()

    await asyncio.gather(send(), leave(consumers[0]))
    await handled_once(sent + 100, one, two)


async def test_group_goes_on_with_a_member_that_comes_later(scene: Scene) -> None:
    topic, first, second = await scene.topic(partitions=4), Notes(), Notes()
    await scene.consume(first, topic, group=topic)
    await share_work(scene, topic, first)
    await scene.consume(second, topic, group=topic)
    emitter, sent = await scene.emitter(), len(first.numbers)
    while not second.numbers:
        await emitter.send(event(sent), topic, key=str(sent))
        sent += 1
        await handled_once(sent, first, second)


async def test_each_group_sees_everything(scene: Scene) -> None:
    topic, one, two = await scene.topic(partitions=2), Notes(), Notes()
    await asyncio.gather(scene.consume(one, topic, group=f"{topic}-1"), scene.consume(two, topic, group=f"{topic}-2"))
    await (await scene.emitter()).send_many(map(event, range(20)), topic)
    await asyncio.gather(one.until(20), two.until(20))
    assert sorted(one.numbers) == sorted(two.numbers) == list(range(20))


async def test_member_without_partitions_is_ready(scene: Scene) -> None:
    topic, one, two = await scene.topic(), Notes(), Notes()
    await asyncio.gather(scene.consume(one, topic, group=topic), scene.consume(two, topic, group=topic))
    await (await scene.emitter()).send_many(map(event, range(5)), topic)
    await handled_once(5, one, two)


async def test_one_consumer_reads_several_topics(scene: Scene) -> None:
    first, second, notes = await scene.topic("a"), await scene.topic("b"), Notes()
    await scene.consume(notes, first, second, group=first)
    await scene.backend.put(first, encoded(1))
    await scene.backend.put(second, encoded(2))
    await notes.until(2)
    assert {context.topic for context in notes.contexts} == {first, second}
    await asyncio.gather(*(scene.until_committed(first, topic, {0: 1}) for topic in (first, second)))


async def test_without_a_group_each_consumer_sees_everything_each_time(scene: Scene) -> None:
    topic, one, two, again = await scene.topic(partitions=2), Notes(), Notes(), Notes()
    consumers = await asyncio.gather(*(scene.consume(notes, topic) for notes in (one, two)))
    await (await scene.emitter()).send_many(map(event, range(10)), topic)
    await asyncio.gather(one.until(10), two.until(10))
    await consumers[0].stop()
    await scene.consume(again, topic)
    await again.until(10)
    assert sorted(one.numbers) == sorted(two.numbers) == sorted(again.numbers) == list(range(10))
