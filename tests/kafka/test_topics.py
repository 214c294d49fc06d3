"""Topics that come and go under a pattern: what only a real cluster shows."""

import asyncio
import logging
import re
from collections import Counter
from typing import Any

import pytest

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene, port_of, until
from eventy.testing.conformance.serializer import encoded
from eventy.testing.kafka.topics import unique


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventy.broker.kafka.connection.METADATA_MAX_AGE", 300)
    monkeypatch.setattr("eventy.consumer.kafka_port.METADATA_MAX_AGE", 300)


async def create(scene: Scene, topic: str, *numbers: int) -> None:
    await scene.backend.create_topic(topic, 1)
    for number in numbers:
        await scene.backend.put(topic, encoded(number))


async def delete(backend: KafkaBackend, topic: str) -> None:
    await (await backend._admin()).delete_topics([topic])


def group_of(port: Any) -> tuple[frozenset[str], int]:
    """Return what a member is subscribed to, and the generation of its group."""
    return port._consumer.subscription(), port._consumer._coordinator.generation


async def test_what_is_handled_before_a_new_topic_is_assigned_is_committed_with_its_rebalance(scene: Scene) -> None:
    name, going_on = unique("topic"), asyncio.Event()

    async def wait(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 2:
            await going_on.wait()

    notes = Notes(wait)
    await create(scene, f"{name}-1", 1, 2, 3)
    consumer = await scene.consume(notes, re.compile(f"{name}-.*"), group=name)
    await notes.until(2)
    await create(scene, f"{name}-2", 4)
    (worker,) = consumer.run._assignment._workers.values()  # type: ignore[union-attr]  # it runs
    await until(worker._stopping.is_set)  # the rebalance waits for the handler
    going_on.set()
    await notes.until(4)
    assert Counter(notes.numbers) == Counter([1, 2, 3, 4])
    await scene.until_committed(name, f"{name}-1", {0: 3})


async def test_members_take_up_a_new_topic_in_one_rebalance(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    name = unique("topic")
    pattern = re.compile(f"{name}-.*")
    await create(scene, f"{name}-1")
    ports = [port_of(await scene.consume(Notes(), pattern, group=name))]
    monkeypatch.setattr("eventy.consumer.kafka_port.METADATA_MAX_AGE", 3_600_000)  # the others look in rebalances only
    ports += [port_of(await scene.consume(Notes(), pattern, group=name)) for _ in range(2)]
    await until(lambda: len({group_of(port)[1] for port in ports}) == 1)
    ((topics, generation),) = {group_of(port) for port in ports}
    assert topics == {f"{name}-1"}
    await create(scene, f"{name}-2")
    both = frozenset({f"{name}-1", f"{name}-2"})
    await until(lambda: {group_of(port) for port in ports} == {(both, generation + 1)}, lambda: str(generation))


@pytest.mark.parametrize("grouped", [True, False])
async def test_topic_that_is_deleted_is_dropped_and_the_others_go_on(
    scene: Scene, backend: KafkaBackend, caplog: pytest.LogCaptureFixture, grouped: bool
) -> None:
    name, notes = unique("topic"), Notes()
    await create(scene, f"{name}-1", 1)
    await create(scene, f"{name}-2", 2)
    consumer = await scene.consume(notes, re.compile(f"{name}-.*"), group=name if grouped else None)
    await notes.until(2)
    with caplog.at_level(logging.WARNING, logger="eventy"):
        await delete(backend, f"{name}-2")
        await until(lambda: {at.topic for at in workers_of(consumer)} == {f"{name}-1"})
        await scene.backend.put(f"{name}-1", encoded(3))
        await notes.until(3)
        await delete(backend, f"{name}-1")
        await until(lambda: not workers_of(consumer))
    assert notes.numbers[2:] == [3]
    assert not [record for record in caplog.records if record.name.startswith("eventy")]
    await until(lambda: not port_of(consumer).found_at_open)  # made anew they'd be new
    await create(scene, f"{name}-3", 4)
    await notes.until(4)
    assert consumer.readiness() is None


async def test_message_whose_topic_is_deleted_while_it_is_handled_holds_nobody_up(
    scene: Scene, backend: KafkaBackend, caplog: pytest.LogCaptureFixture
) -> None:
    name, going_on = unique("topic"), asyncio.Event()

    async def wait(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 1:
            await going_on.wait()

    notes = Notes(wait)
    await create(scene, f"{name}-1", 1)
    await create(scene, f"{name}-2")
    consumer = await scene.consume(notes, re.compile(f"{name}-.*"), group=name)
    await notes.until(1)
    await delete(backend, f"{name}-1")
    await until(lambda: port_of(consumer)._topics() == (f"{name}-2",))  # type: ignore[attr-defined]  # Kafka's has it
    with caplog.at_level(logging.WARNING, logger="eventy"):
        going_on.set()
        await scene.backend.put(f"{name}-2", encoded(2))
        await notes.until(2)
    await scene.until_committed(name, f"{name}-2", {0: 1})
    assert not [record for record in caplog.records if record.name.startswith("eventy")]


def workers_of(consumer: Any) -> Any:
    return consumer.run._assignment._workers


@pytest.mark.parametrize("grouped", [True, False])
async def test_look_that_fails_is_tried_again_while_messages_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, grouped: bool
) -> None:
    name, notes, asked = unique("topic"), Notes(), []
    await create(scene, f"{name}-1")
    consumer = await scene.consume(notes, re.compile(f"{name}-.*"), group=name if grouped else None)
    client = port_of(consumer)._consumer._client  # type: ignore[attr-defined]  # it's the one to Kafka

    async def never_answer() -> None:
        asked.append(True)
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr("eventy.broker.kafka.watch._LOOK", 0.2)
        patch.setattr(client, "fetch_all_metadata", never_answer)
        await create(scene, f"{name}-2", 2)
        await until(lambda: len(asked) >= 2)
        await scene.backend.put(f"{name}-1", encoded(1))
        await notes.until(1)
        assert notes.numbers == [1]
    await notes.until(2)
    assert "not known whether there are new ones, looking again" in caplog.text
    assert consumer.readiness() is None


async def test_watch_that_breaks_ends_the_consumer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    name = unique("topic")
    consumer = await scene.consume(Notes(), re.compile(f"{name}-.*"), group=name)

    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("eventy.broker.kafka.watch.PartitionWatch.try_to_look", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        await consumer.wait()
    with pytest.raises(RuntimeError, match="a bug"):
        await consumer.stop()
