"""What `earliest` promises: everything from the beginning at each start, up to a checkpoint as a replay."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import DEADLINE, Notes, Scene, failing, until
from eventy.testing.conformance.serializer import encoded

both_ways = pytest.mark.parametrize("concurrency", [1, 3])


class Told:
    """A checkpoint callback that counts its calls, and notes what the handler had been called with by then."""

    def __init__(self, notes: Notes | None = None) -> None:
        self.calls: list[list[int]] = []
        self._notes = notes

    def __call__(self) -> None:
        self.calls.append(list(self._notes.numbers) if self._notes else [])

    async def once(self) -> None:
        """Return when it was called, and called once."""
        await until(lambda: bool(self.calls), lambda: "the checkpoint callback called")
        assert len(self.calls) == 1


class Sending(Notes):
    """Sends each event on."""

    def __init__(self, send: Callable[[BaseEvent], Awaitable[None]]) -> None:
        async def forward(event: BaseEvent, context: Context) -> None:
            await send(event)

        super().__init__(forward)

    def replayed(self) -> dict[int, bool]:
        return {number: context.is_replaying for number, context in zip(self.numbers, self.contexts, strict=True)}


async def sending(scene: Scene, out: str) -> Sending:
    emitter = await scene.emitter()

    async def send(event: BaseEvent) -> None:
        await emitter.send(event, out)

    return Sending(send)


async def start(
    scene: Scene, deliver: Notes, *topics: str, told: Callable[[], Any] | None = None, **more: Any
) -> EngineConsumer[Any]:
    """Start a consumer whose checkpoint callback was set before."""
    consumer = scene.consumer(*topics, **{"position": "earliest", **more})
    if told is not None:
        consumer.set_checkpoint_callback(told)
    await consumer.start(deliver)
    return consumer


async def handle_once(scene: Scene, topic: str, offsets: Mapping[int, int], **more: Any) -> None:
    """Have a group handle a topic up to these offsets, and leave."""
    consumer = await scene.consume(Notes(), topic, group=topic, **{"position": "earliest", **more})
    await scene.until_committed(topic, topic, dict(offsets))
    await consumer.stop()


# ---------------------------------------------------------------- with a group


@both_ways
async def test_group_begins_at_the_beginning_each_time_and_sends_nothing_twice(scene: Scene, concurrency: int) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    await scene.put(topic, 0, 1, 2, key=b"k")
    first = await sending(scene, out)
    consumer = await scene.consume(first, topic, group=topic, position="earliest", concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 3})
    await consumer.stop()
    assert first.replayed() == {0: False, 1: False, 2: False}
    await scene.put(topic, 3, key=b"k")
    again = await sending(scene, out)
    told = Told(again)
    await start(scene, again, topic, group=topic, told=told, concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 4})
    assert again.numbers == [0, 1, 2, 3]
    assert again.replayed() == {0: True, 1: True, 2: True, 3: False}
    assert [record.value for record in await scene.records(out, 4)] == [encoded(number) for number in range(4)]
    await told.once()
    assert told.calls[0][:3] == [0, 1, 2]


@both_ways
async def test_replay_sends_again_if_that_is_set(scene: Scene, concurrency: int) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    await scene.put(topic, 0, 1, key=b"k")
    await handle_once(scene, topic, {0: 2})
    notes = await sending(scene, out)
    await start(scene, notes, topic, group=topic, replay_emits=True, concurrency=concurrency)
    await scene.records(out, 2)
    assert notes.replayed() == {0: True, 1: True}


@both_ways
async def test_committed_offsets_never_go_back_in_a_replay_nor_when_it_ends_half_way(
    scene: Scene, concurrency: int
) -> None:
    topic, going_on, halfway = await scene.topic(), asyncio.Event(), asyncio.Event()
    await scene.put(topic, *range(20), key=b"k")
    await handle_once(scene, topic, {0: 20})

    async def stop_at_ten(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 10:
            halfway.set()
            await going_on.wait()

    for end in (scene.give_up, EngineConsumer.stop):
        notes, told = Notes(stop_at_ten), Told()
        consumer = await start(scene, notes, topic, group=topic, told=told, concurrency=concurrency, slice_messages=3)
        await halfway.wait()
        assert await scene.backend.committed(topic, topic) == {0: 20}
        ending = asyncio.ensure_future(end(consumer))
        await Clock().sleep(0)
        going_on.set()
        await ending
        assert notes.numbers[:11] == list(range(11))
        assert await scene.backend.committed(topic, topic) == {0: 20}
        going_on.clear()
        halfway.clear()
    going_on.set()
    await scene.put(topic, 20, key=b"k")
    notes, seen = Notes(), set()
    await start(scene, notes, topic, group=topic, concurrency=concurrency, slice_messages=3)
    while 21 not in seen:
        await Clock().sleep(0)
        seen.add((await scene.backend.committed(topic, topic))[0])
    assert seen <= {20, 21}
    assert notes.numbers == list(range(21))


@both_ways
async def test_retry_in_a_replay_is_still_one(scene: Scene, concurrency: int) -> None:
    topic = await scene.topic()
    await scene.put(topic, 0, 1, key=b"k")
    await handle_once(scene, topic, {0: 2})
    notes = failing(1, times=1)
    told = Told(notes)
    await start(scene, notes, topic, group=topic, retry_interval=1, told=told, concurrency=concurrency)
    await told.once()
    assert told.calls == [[0, 1, 1]]
    assert [context.is_replaying for context in notes.contexts] == [True] * 3


async def test_message_beyond_the_checkpoint_is_no_replay_though_it_was_there_at_start(scene: Scene) -> None:
    topic = await scene.topic(partitions=2)
    await scene.put(topic, 0, 1)
    await handle_once(scene, topic, {0: 2, 1: 0})
    await scene.put(topic, 2, 3)
    await scene.put(topic, 4, partition=1)
    notes = Notes()
    await start(scene, notes, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 4, 1: 1})
    replayed = {n for n, context in zip(notes.numbers, notes.contexts, strict=True) if context.is_replaying}
    assert replayed == {0, 1}


# ---------------------------------------------------------------- the callback


async def test_callback_comes_when_every_partition_has_reached_its_checkpoint(scene: Scene) -> None:
    topic, going_on = await scene.topic(partitions=3), asyncio.Event()
    await scene.put(topic, 0, 1)
    await scene.put(topic, 2, partition=1)
    await handle_once(scene, topic, {0: 2, 1: 1, 2: 0})

    async def wait_in_the_second(event: BaseEvent, context: Context) -> None:
        if context.partition == 1:
            await going_on.wait()

    notes = Notes(wait_in_the_second)
    told = Told(notes)
    await start(scene, notes, topic, group=topic, told=told)
    await notes.until(3)
    assert not told.calls
    going_on.set()
    await told.once()


async def test_callback_may_be_asynchronous_and_set_when_all_is_reached(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    await scene.put(topic, 0)
    consumer = await start(scene, notes, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 1})
    calls: list[str] = []

    async def told() -> None:
        calls.append("called")
        await Clock().sleep(0)
        calls.append("returned")

    consumer.set_checkpoint_callback(told)
    await until(lambda: len(calls) == 2)
    await scene.put(topic, 1)
    await scene.until_committed(topic, topic, {0: 2})
    assert calls == ["called", "returned"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_callback_that_raises_ends_the_consumer(scene: Scene, is_async: bool) -> None:
    topic = await scene.topic()

    def fail() -> None:
        raise LookupError("a bug of the callback")

    async def fail_later() -> None:
        await Clock().sleep(0)
        fail()

    consumer = await start(scene, Notes(), topic, group=topic, told=fail_later if is_async else fail)
    with pytest.raises(LookupError, match="a bug of the callback"):
        async with Clock().timeout(DEADLINE):
            await consumer.wait()
    assert "a bug of the callback" in str(consumer.readiness())
    with pytest.raises(LookupError):
        await consumer.stop()


@pytest.mark.parametrize("position", ["latest", "committed", "earliest"])
async def test_callback_comes_at_once_when_there_is_nothing_to_replay(scene: Scene, position: str) -> None:
    topic, empty, never = await scene.topic(), await scene.topic("empty"), asyncio.Event()

    async def wait(*_: object) -> None:
        await never.wait()

    await scene.put(topic, 0)
    consumers = []
    for at, group in ((topic, topic), (empty, empty)):
        told = Told()
        consumers.append(await start(scene, Notes(wait), at, group=group, position=position, told=told))
        await told.once()
    for consumer in consumers:
        await scene.give_up(consumer)


async def test_callback_comes_to_a_member_without_partitions(scene: Scene) -> None:
    topic, told = await scene.topic(), [Told(), Told()]
    await scene.put(topic, 0)
    await handle_once(scene, topic, {0: 1})
    for one in told:
        await start(scene, Notes(), topic, group=topic, told=one)
    await asyncio.gather(*(one.once() for one in told))


# ---------------------------------------------------------------- partitions that come and go


async def test_partition_that_comes_later_is_replayed_and_one_that_comes_back_goes_on(scene: Scene) -> None:
    topic = await scene.topic(partitions=2)
    for partition in (0, 1):
        await scene.put(topic, partition, 2 + partition, partition=partition)
    await handle_once(scene, topic, {0: 2, 1: 2})
    one, two = Notes(), Notes()
    told = Told()
    consumers = [await scene.consume(notes, topic, group=topic, position="earliest") for notes in (one, two)]
    consumers[0].set_checkpoint_callback(told)
    await until(lambda: bool(one.numbers and two.numbers) and {*one.numbers, *two.numbers} == {0, 1, 2, 3})
    await told.once()
    mine = {context.partition for context in two.contexts}
    # The first has read both partitions, or the one that it was left with; the second goes, and all are the first's.
    await consumers[1].stop()
    for partition in (0, 1):
        await scene.put(topic, 10 + partition, partition=partition)
    await scene.until_committed(topic, topic, {0: 3, 1: 3})
    assert mine
    assert Counter(one.numbers) == Counter([0, 1, 2, 3, 10, 11])
    assert {number for number, at in zip(one.numbers, one.contexts, strict=True) if at.is_replaying} == {0, 1, 2, 3}
    assert len(told.calls) == 1


async def test_what_others_have_handled_meanwhile_is_replayed_when_a_partition_comes_back(scene: Scene) -> None:
    topic, one, two = await scene.topic(partitions=2), Notes(), Notes()
    await scene.put(topic, 0)
    await scene.put(topic, 1, partition=1)
    await scene.consume(one, topic, group=topic, position="earliest")
    await scene.until_committed(topic, topic, {0: 1, 1: 1})
    second = await scene.consume(two, topic, group=topic, position="earliest")
    await two.until(1)
    (theirs,) = {context.partition for context in two.contexts}
    await scene.put(topic, 2, 3, partition=theirs)
    await two.until(3)
    await second.stop()
    await one.until(4)
    assert one.numbers[2:] == [2, 3]
    assert [context.is_replaying for context in one.contexts] == [False, False, True, True]


# ---------------------------------------------------------------- without a group


@both_ways
async def test_without_a_group_what_was_there_at_start_is_a_replay_whose_sends_go_out(
    scene: Scene, concurrency: int
) -> None:
    topic, out, going_on = await scene.topic(partitions=2), await scene.topic("out"), asyncio.Event()
    emitter = await scene.emitter()

    async def forward(sent: BaseEvent, context: Context) -> None:
        await going_on.wait()
        await emitter.send(sent, out)

    notes = Notes(forward)
    told = Told(notes)
    await scene.put(topic, 0, 1, key=b"k")
    consumer = await start(scene, notes, topic, told=told, concurrency=concurrency)
    await until(lambda: consumer.readiness() is None)
    await scene.put(topic, 2, key=b"k")  # after its start, though before it has come so far
    await notes.until(1)
    assert not told.calls
    going_on.set()
    await told.once()
    await scene.records(out, 3)
    assert [context.is_replaying for context in notes.contexts] == [True, True, False]
    assert told.calls[0][:2] == [0, 1]


async def test_without_a_group_the_callback_comes_though_there_is_nothing(scene: Scene) -> None:
    topic, told = await scene.topic(), Told()
    await start(scene, Notes(), topic, told=told)
    await told.once()
    latest = Told()
    await scene.put(topic, 0)
    await start(scene, Notes(), topic, position="latest", told=latest)
    await latest.once()
