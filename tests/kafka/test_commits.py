"""Commits that the client or the broker delays."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)
from aiokafka.protocol.commit import OffsetCommitRequest

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.client import Cuts, Holding, Loading, offsets_of
from tests.kafka.test_replay import commit


async def put(scene: Scene, topic: str, *numbers: int, partitions: int = 1) -> None:
    for partition in range(partitions):
        for number in numbers:
            await scene.backend.put(topic, encoded(number), partition=partition)


async def committed(scene: Scene, topic: str, partition: int) -> int:
    """Return what the group that is called like its topic has committed."""
    offsets: Mapping[int, int] = await scene.backend.committed(topic, topic)
    return offsets.get(partition, 0)


async def test_commit_that_is_delayed_across_a_rebalance_moves_no_offset_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, old, new, commits = await scene.topic(partitions=2), Notes(), Notes(), Holding("commit", monkeypatch)
    await scene.consume(old, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 0, 1: 0})
    commits.is_on = True
    await put(scene, topic, 1, partitions=2)
    await commits.until(1)
    await old.until(2)
    (delayed,), commits.is_on = commits.held, False
    await scene.consume(new, topic, group=topic)
    await put(scene, topic, 2, 3, partitions=2)
    await until(lambda: new.numbers[-1:] == [3])
    moved = new.contexts[-1].partition
    await scene.until_committed(topic, topic, {0: 3, 1: 3})
    # Where the client would have taken it up again, as a member of the new generation.
    commits.release()
    await until(lambda: delayed.has_ended)
    assert await committed(scene, topic, moved) == 3
    assert sorted(old.numbers + new.numbers) == [1, 1, 2, 2, 3, 3]  # what was delayed was committed before


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(GroupLoadInProgressError, id="loading"),
        pytest.param(GroupCoordinatorNotAvailableError, id="not-available"),
        pytest.param(NotCoordinatorForGroupError, id="moved"),
    ],
)
@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
async def test_broker_that_can_not_say_yet_what_is_committed_is_asked_again(
    scene: Scene, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, error: type[KafkaError], delivery: str
) -> None:
    topic, notes = await scene.topic(), Notes()
    await put(scene, topic, 1, 2, 3)
    await commit(kafka_broker.bootstrap, topic, topic, 2)
    loading = Loading(error.errno, 3, monkeypatch)
    await scene.consume(notes, topic, group=topic, delivery=delivery)
    await scene.until_committed(topic, topic, {0: 3})
    assert notes.numbers == [3]
    assert loading.answered == 3


async def test_connection_that_is_reset_in_the_middle_of_a_commit_is_made_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes = await scene.topic(), Notes()
    cuts = Cuts(OffsetCommitRequest, 3, monkeypatch, once=lambda: bool(notes.numbers))
    consumer = await scene.consume(notes, topic, group=topic)
    await put(scene, topic, 1, 2, 3)
    await scene.until_committed(topic, topic, {0: 3})
    await put(scene, topic, 4)
    await scene.until_committed(topic, topic, {0: 4})
    assert cuts.made == 3
    assert consumer.readiness() is None
    assert notes.numbers == [1, 2, 3, 4]


async def test_commit_that_a_frozen_broker_does_not_answer_is_bounded_and_made_again(
    scene: Scene, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, going_on, commits = await scene.topic(), asyncio.Event(), Holding("commit", monkeypatch)

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    notes = Notes(wait)
    await scene.consume(notes, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 0})
    await put(scene, topic, 1)
    await notes.until(1)
    commits.calls.clear()
    kafka_broker.freeze()
    try:
        going_on.set()
        # The client would go on with the first for as long as it takes.
        await until(lambda: len(commits.calls) >= 2, lambda: f"a second commit, found {commits.calls}")
        assert [offsets_of(call) for call in commits.calls[:2]] == [{0: 1}, {0: 1}]
    finally:
        await kafka_broker.thaw()
    await scene.until_committed(topic, topic, {0: 1})


async def test_latest_is_not_ready_before_the_broker_knows_where_it_began(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes, after, commits = await scene.topic(), Notes(), Notes(), Holding("commit", monkeypatch)
    await put(scene, topic, 1)
    commits.is_on = True
    consumer = await scene.begin(notes, topic, group=topic, position="latest")
    await commits.until(1)
    await put(scene, topic, 2)
    await asyncio.sleep(1)  # several fetches
    assert consumer.readiness() is not None
    assert notes.numbers == []
    commits.held[0].release()
    await until(lambda: consumer.readiness() is None)
    await put(scene, topic, 3)
    await notes.until(2)
    await scene.give_up(consumer)  # all its commits but the first are still held
    assert await committed(scene, topic, 0) == 1
    commits.release()
    await scene.consume(after, topic, group=topic, position="latest")
    await after.until(2)
    assert after.numbers == [2, 3]


async def test_latest_loses_nothing_that_arrives_after_it_is_ready_though_it_ends_without_a_commit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes, after, commits = await scene.topic(), Notes(), Notes(), Holding("commit", monkeypatch)
    await put(scene, topic, 1)
    commits.is_on = True
    consumer = await scene.begin(notes, topic, group=topic, position="latest")
    await commits.until(1)
    while consumer.readiness() is not None:  # whatever it takes to become ready
        for held in commits.held:
            held.release()
        await asyncio.sleep(0.01)
    await put(scene, topic, 2)
    await scene.give_up(consumer)
    commits.release()
    await scene.consume(after, topic, group=topic, position="latest")
    await after.until(1)
    assert after.numbers == [2]
