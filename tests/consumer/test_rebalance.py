"""Rebalances at the worst moment: while a handler runs."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from eventy.clock import Clock
from eventy.consumer.memory import MemoryPort
from eventy.errors import HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import Record, TopicPartition
from tests.conformance.scene import Notes, Scene, until
from tests.conformance.serializer import encoded


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
    failing = await scene.begin(first, topic, group="g", max_retries=0)
    with pytest.raises(HandlerError):
        await failing.wait()
    with pytest.raises(HandlerError):
        await failing.stop()
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
    failing = await scene.consume(first, topic, group="g", retry_interval=60_000)
    await first.until(2)
    await scene.consume(second, topic, group="g")
    await until(lambda: len(second.numbers) == 4)
    await scene.give_up(failing)
    await second.until(8)
    assert Counter(second.numbers) == Counter(range(8))
