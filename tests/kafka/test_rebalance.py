"""Members come and go while messages flow."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from eventy.consumer.engine import EngineConsumer
from eventy.errors import CommitFailedError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene, failing, port_of, until
from eventy.testing.conformance.serializer import encoded, event


async def test_rebalances_lose_nothing_and_keep_the_order_of_first_handling(scene: Scene) -> None:
    topic, out, count, keys = await scene.topic(partitions=6), await scene.topic("out", 2), 3_000, 30
    emitter, handled, firsts = await scene.emitter(), defaultdict[int, list[int]](list), set[int]()

    async def note_first(sent: BaseEvent, context: Context) -> None:
        number = sent.data["n"]
        if number not in firsts:
            firsts.add(number)
            handled[number % keys].append(number)
        if number % 20 == 0:
            await asyncio.sleep(0.01)
        await emitter.send(sent, out, key=context.key)

    async def send() -> None:
        for begin in range(0, count, 100):
            await emitter.send_many(
                map(event, range(begin, begin + 100)), topic, key=lambda sent: str(sent.data["n"] % keys)
            )
            await asyncio.sleep(0.1)

    async def come_and_go() -> None:
        members = [await scene.consume(note_first, topic, group=topic)]
        for round_ in range(3):
            members.append(await scene.consume(note_first, topic, group=topic))
            leaving = members.pop(0)
            await (scene.give_up(leaving) if round_ == 1 else leaving.stop())

    await asyncio.gather(send(), come_and_go())
    await until(lambda: len(firsts) == count, lambda: f"{count} handled, found {len(firsts)}")
    assert handled == {key: list(range(key, count, keys)) for key in range(keys)}
    await scene.until_committed(topic, topic, dict(enumerate(await sizes(scene, topic))))
    assert len({record.value for record in await scene.backend.records(out)}) == count


async def sizes(scene: Scene, topic: str) -> list[int]:
    found = [0] * 6
    for record in await scene.backend.records(topic):
        found[record.partition] += 1
    return found


async def test_rebalance_waits_for_the_handler_that_runs(scene: Scene) -> None:
    topic, going_on, first, second = await scene.topic(partitions=2), asyncio.Event(), Notes(), Notes()

    async def wait(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    slow = Notes(wait)
    await scene.consume(slow, topic, group=topic)
    emitter = await scene.emitter()
    await emitter.send_many(map(event, range(20)), topic, key=lambda sent: str(sent.data["n"]))
    await slow.until(2)
    joining = asyncio.create_task(scene.consume(second, topic, group=topic))
    await asyncio.sleep(1.5)  # longer than a heartbeat: the first member has been told by now
    assert not joining.done()
    going_on.set()
    await joining
    await until(lambda: len(slow.numbers) + len(second.numbers) >= 20)
    assert sorted(slow.numbers + second.numbers) == list(range(20))
    assert not first.numbers


async def test_listener_that_fails_ends_the_consumer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await scene.topic()
    consumer = scene.backend.consumer(
        serializer=scene.serializer, clock=scene.clock, event_topics=[topic], event_group=topic, position="latest"
    )

    async def broken(assignment: object, partitions: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("eventy.consumer.assignment.Assignment.on_assigned", broken)
    await consumer.start(Notes())
    with pytest.raises(RuntimeError, match="a bug"):
        await consumer.wait()
    with pytest.raises(RuntimeError, match="a bug"):
        await consumer.stop()


async def test_without_a_group_new_partitions_do_not_make_latest_pass_over_anything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.consumer.kafka_port.METADATA_MAX_AGE", 100)
    topic, going_on = await scene.topic(), asyncio.Event()

    async def wait(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    notes = Notes(wait)
    await scene.consume(notes, topic, position="latest")
    await scene.backend.put(topic, encoded(1))
    await notes.until(1)
    await scene.backend.add_partitions(topic, 2)
    await asyncio.sleep(1)  # by now the partitions are being assigned again, and wait for the handler
    await scene.backend.put(topic, encoded(2))
    await scene.backend.put(topic, encoded(3), partition=1)
    going_on.set()
    await notes.until(3)
    assert sorted(notes.numbers) == [1, 2, 3]


async def test_member_that_the_group_has_expelled_commits_nothing(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    for number in range(3):
        await scene.backend.put(topic, encoded(number))
    consumer = await scene.consume(notes, topic, group=topic)
    await notes.until(3)
    await scene.until_committed(topic, topic, {0: 3})
    port: Any = port_of(consumer)
    coordinator = port._consumer._coordinator
    generation, coordinator.generation = coordinator.generation, -1  # as the client does when it hears of it
    with pytest.raises(CommitFailedError, match="expelled"):
        await port.commit({TopicPartition(topic, 0): 1})
    coordinator.generation = generation
    await scene.until_committed(topic, topic, {0: 3})


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_member_stays_in_its_group_while_a_retry_waits_longer_than_a_session(
    scene: Scene, backend: KafkaBackend, concurrency: int
) -> None:
    topic, notes = await scene.topic(), failing(1, times=1)
    backend.connection = replace(backend.connection, session_timeout=1_000)
    await scene.put(topic, 1, 2, key=b"k")
    consumer = await scene.consume(notes, topic, group=topic, retry_interval=1_700, concurrency=concurrency)
    generation = generation_of(consumer)
    await scene.until_committed(topic, topic, {0: 2})
    assert generation_of(consumer) == generation
    assert notes.numbers == [1, 1, 2]


def generation_of(consumer: EngineConsumer[Any]) -> int:
    port: Any = port_of(consumer)
    generation: int = port._consumer._coordinator.generation
    return generation
