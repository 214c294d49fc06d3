"""Rebalances at the worst moment: while a handler runs."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.memory import MemoryPort
from eventy.errors import BrokerUnavailableError, CommitFailedError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import Record, TopicPartition
from eventy.testing.conformance.scene import Notes, Scene, TurnedClock, ended, failing, run_of, until
from eventy.testing.conformance.serializer import encoded


@pytest.fixture
def slow_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker whose answers take some turns of the loop."""
    fetch, commit = MemoryPort.fetch, MemoryPort.commit

    async def slow_fetch(port: MemoryPort) -> Mapping[TopicPartition, Sequence[Record]]:
        batches = await fetch(port)
        await turns(20)
        return batches

    async def slow_commit(port: MemoryPort, offsets: Mapping[TopicPartition, int]) -> None:
        await turns(5)
        await commit(port, offsets)

    monkeypatch.setattr(MemoryPort, "fetch", slow_fetch)
    monkeypatch.setattr(MemoryPort, "commit", slow_commit)


async def turns(count: int) -> None:
    for _ in range(count):
        await Clock().sleep(0)


async def topic_of_two(scene: Scene) -> str:
    topic = await scene.topic(partitions=2)
    for number in range(8):
        await scene.backend.put(topic, encoded(number), partition=number % 2)
    return topic


@pytest.mark.usefixtures("slow_broker")
async def test_what_is_handled_during_a_rebalance_is_committed_before_it_ends(scene: Scene) -> None:
    topic, second = await topic_of_two(scene), Notes()

    async def have_another_join(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 3:
            await scene.begin(second, topic, group="g")
            await turns(50)  # by then the rebalance waits for us

    first = Notes(have_another_join)
    await scene.begin(first, topic, group="g")
    await scene.until_committed("g", topic, {0: 4, 1: 4})
    assert Counter(first.numbers + second.numbers) == Counter(range(8))
    assert second.numbers


async def test_nobody_else_gets_a_partition_whose_handler_still_runs(scene: Scene) -> None:
    topic, second, running = await topic_of_two(scene), Notes(), [True]

    async def have_another_join(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 1:
            await scene.begin(second, topic, group="g")
            await turns(50)
            assert not second.numbers
            running.clear()

    first = Notes(have_another_join)
    await scene.begin(first, topic, group="g", max_retries=0)
    await until(lambda: bool(second.numbers))
    assert not running


@pytest.mark.usefixtures("slow_broker")
async def test_consumer_that_fails_during_a_rebalance_begins_nothing_new(scene: Scene) -> None:
    topic, second = await topic_of_two(scene), Notes()

    async def have_another_join_and_fail(event: BaseEvent, context: Context) -> None:
        await scene.begin(second, topic, group="g")
        await turns(50)
        raise ValueError("broken")

    first = Notes(have_another_join_and_fail)
    consumer = await scene.begin(first, topic, group="g", max_retries=0)
    with pytest.raises(HandlerError):
        await consumer.wait()
    with pytest.raises(HandlerError):
        await consumer.stop()
    await second.until(8)
    assert sorted(second.numbers) == list(range(8))


async def test_stop_during_a_rebalance_waits_for_what_runs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, second, going_on = await topic_of_two(scene), Notes(), asyncio.Event()

    async def nothing_to_drain(port: MemoryPort) -> None:
        """As a broker that outlives the process has it."""

    async def wait(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    monkeypatch.setattr(MemoryPort, "drain", nothing_to_drain)
    first = Notes(wait)
    stopped = await scene.consume(first, topic, group="g")
    await first.until(2)
    await scene.begin(second, topic, group="g")
    await turns(20)  # by then the rebalance waits for us
    stopping = asyncio.create_task(stopped.stop())
    await turns(50)
    assert not stopping.done()
    going_on.set()
    await stopping
    await scene.until_committed("g", topic, {0: 4, 1: 4})
    assert Counter(first.numbers + second.numbers) == Counter(range(8))


async def test_rebalance_ends_a_retry_that_waits(scene: Scene) -> None:
    topic, second = await topic_of_two(scene), Notes()

    async def fail(event: BaseEvent, context: Context) -> None:
        raise ValueError("broken")

    first = Notes(fail)
    consumer = await scene.consume(first, topic, group="g", retry_interval=60_000)
    await first.until(2)
    await scene.consume(second, topic, group="g")
    await until(lambda: len(second.numbers) == 4)
    await scene.give_up(consumer)
    await second.until(8)
    assert Counter(second.numbers) == Counter(range(8))


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_message_keeps_its_attempts_through_a_rebalance(scene: Scene, concurrency: int) -> None:
    topic, second = await scene.topic(), Notes()

    async def fail_and_have_another_join(event: BaseEvent, context: Context) -> None:
        if len(first.numbers) == 2:
            await scene.begin(second, topic, group="g")
            await turns(50)  # by then the rebalance waits for us
        raise OSError("broken")

    first = Notes(fail_and_have_another_join)
    await scene.put(topic, 0)
    options: dict[str, Any] = {"max_retries": 3, "retry_interval": 0, "on_exhausted": "skip"}
    await scene.consume(first, topic, group="g", concurrency=concurrency, **options)
    await scene.until_committed("g", topic, {0: 1})
    assert [context.attempt for context in first.contexts] == [1, 2, 3, 4]
    assert not second.numbers


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_retry_that_waits_goes_on_waiting_through_a_rebalance(scene: Scene, concurrency: int) -> None:
    topic, first, second = await scene.topic(partitions=2), failing(0), Notes()
    await scene.put(topic, 0)
    consumer = await scene.consume(first, topic, group="g", retry_interval=60_000, concurrency=concurrency)
    await until(lambda: consumer.counts.retried == 1)
    await scene.consume(second, topic, group="g")
    await scene.put(topic, 1, partition=1)
    await second.until(1)
    await until(lambda: consumer.readiness() is None)
    await turns(50)
    assert first.numbers == [0]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_attempts_go_on_though_the_message_before_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, other, notes, clock = await scene.topic(), await scene.topic("other"), failing(1, times=1), TurnedClock()
    commit, is_refusing = MemoryPort.commit, asyncio.Event()

    async def refuse(port: MemoryPort, offsets: Mapping[TopicPartition, int]) -> None:
        if is_refusing.is_set():
            raise CommitFailedError("refused")
        await commit(port, offsets)

    monkeypatch.setattr(MemoryPort, "commit", refuse)
    await scene.consume(notes, topic, group="g", clock=clock, retry_interval=60_000, concurrency=concurrency)
    is_refusing.set()
    await scene.put(topic, 0, 1, 2, key=b"k")
    await notes.until(2)
    joining = await scene.begin(Notes(), other, group="g")  # the group rebalances, and the partition comes back
    await until(lambda: not joining.readiness() or "finding" in str(joining.readiness()))
    is_refusing.clear()
    await notes.until(3)
    await clock.turn(61)
    await scene.until_committed("g", topic, {0: 3})
    assert notes.numbers == [0, 1, 0, 1, 2]
    assert [context.attempt for context in notes.contexts] == [1, 1, 1, 2, 1]


async def test_messages_whose_commit_fails_as_their_partitions_go_come_again_and_none_is_lost(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, first, second, commit, failures = await topic_of_two(scene), Notes(), Notes(), MemoryPort.commit, 0

    async def give_no_answer(port: MemoryPort, offsets: Mapping[TopicPartition, int]) -> None:
        nonlocal failures
        if first.numbers and not second.numbers:
            failures += 1
            raise BrokerUnavailableError("no answer")
        await commit(port, offsets)

    monkeypatch.setattr(MemoryPort, "commit", give_no_answer)
    await scene.consume(first, topic, group="g")
    await first.until(8)
    await scene.consume(second, topic, group="g")
    await scene.until_committed("g", topic, {0: 4, 1: 4})
    assert failures >= 2  # that in the background, and that of the rebalance
    assert Counter(first.numbers + second.numbers) == Counter([*range(8), *range(8)])


@pytest.mark.parametrize("told", ["on_revoked", "on_assigned"])
async def test_rebalance_that_fails_for_one_member_ends_that_one_and_goes_on_for_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    topic, second = await scene.topic(partitions=2), Notes()
    consumer = await scene.consume(Notes(), topic, group="g")

    async def broken(partitions: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(run_of(consumer)._assignment, told, broken)
    await scene.consume(second, topic, group="g")
    with pytest.raises(RuntimeError, match="a bug"):
        await ended(consumer)
    with pytest.raises(RuntimeError, match="a bug"):
        await consumer.stop()
    for number in (1, 2):
        await scene.put(topic, number, partition=number - 1)
    await second.until(2)


async def test_rebalance_that_fails_for_a_member_that_has_ended_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    topic, second = await scene.topic(), Notes()
    consumer = await scene.consume(failing(1), topic, group="g", max_retries=0)
    await scene.put(topic, 1)
    with pytest.raises(HandlerError):
        await ended(consumer)

    async def broken(partitions: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(run_of(consumer)._assignment, "on_revoked", broken)
    await scene.consume(second, topic, group="g")
    assert "group g: a rebalance failed" in caplog.messages
    with pytest.raises(HandlerError):
        await consumer.stop()
    await second.until(1)
