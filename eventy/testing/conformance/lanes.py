"""What `concurrency` promises: the messages of a key in order, those of different keys side by side."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable

import pytest

from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.deliveries import at_least_once
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, ended, failing, port_of, revoke_of, until
from eventy.testing.conformance.serializer import encoded, event

Handler = Callable[[BaseEvent, Context], Awaitable[None]]


class Gated:
    """A handler whose calls wait until their message's number is let through, or everything is."""

    def __init__(self) -> None:
        self.running: set[int] = set()
        self.done: list[int] = []
        self.most = 0
        self._open: set[int] = set()
        self._all = False
        self._changed = asyncio.Event()

    async def __call__(self, event: BaseEvent, context: Context) -> None:
        number = event.data["n"]
        self.running.add(number)
        self.most = max(self.most, len(self.running))
        try:
            while not self._all and number not in self._open:
                await self._changed.wait()
        finally:
            self.running.discard(number)
        self.done.append(number)

    def open(self, *numbers: int) -> None:
        """Let messages through; without any, all."""
        self._open.update(numbers)
        self._all = self._all or not numbers
        self._changed.set()
        self._changed = asyncio.Event()

    async def until_running(self, *numbers: int) -> None:
        """Return when just these run."""
        await until(lambda: self.running == set(numbers), lambda: f"{numbers} running, found {self.running}")

    async def until_done(self, *numbers: int) -> None:
        """Return when just these are done."""
        await until(lambda: set(self.done) == set(numbers), lambda: f"{numbers} done, found {self.done}")


def send_then_wait(emitter: BaseEventEmitter, out: str, gated: Gated) -> Handler:
    """Return a handler that sends each event on, then waits."""

    async def handle(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        await gated(event, context)

    return handle


async def stop_while_a_retry_waits(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Have a consumer stop while message 1 waits for its retry, and 0 and 2 are finished.

    Returns its topic, and where the handlers have sent.
    """
    topic, out, emitter, gated = await scene.topic(), await scene.topic("out"), await scene.emitter(), Gated()

    async def wait_then_send(sent: BaseEvent, context: Context) -> None:
        await gated(sent, context)
        await emitter.send(sent, out)
        if sent.data["n"] == 1 and context.attempt == 1:
            raise OSError("not yet")

    async def nothing() -> None:
        """Memory would wait for the retry, since nothing outlives the process."""

    await scene.put(topic, 0, 1, 2)
    consumer = await scene.consume(wait_then_send, topic, group=topic, concurrency=3, retry_interval=60_000)
    await gated.until_running(0, 1, 2)
    gated.open(1)
    await gated.until_done(1)
    monkeypatch.setattr(port_of(consumer), "drain", nothing)
    stopping = asyncio.create_task(consumer.stop())
    await Clock().sleep(0)
    gated.open()
    await stopping
    return topic, out


# ---------------------------------------------------------------- order


async def test_keys_are_handled_side_by_side_and_each_in_order(scene: Scene) -> None:
    topic, gated = await scene.topic(), Gated()
    for number, key in enumerate([b"a", b"a", b"b", b"c", b"d"]):
        await scene.put(topic, number, key=key)
    await scene.consume(gated, topic, group=topic, concurrency=3)
    await gated.until_running(0, 2, 3)
    gated.open(3)
    await gated.until_running(0, 2, 4)
    gated.open(0)
    await gated.until_running(1, 2, 4)
    gated.open()
    await scene.until_committed(topic, topic, {0: 5})
    assert gated.most == 3


async def test_messages_without_a_key_are_handled_side_by_side_and_an_empty_key_is_one(scene: Scene) -> None:
    topic, gated = await scene.topic(), Gated()
    await scene.put(topic, 0, 1)
    await scene.put(topic, 2, 3, key=b"")
    await scene.consume(gated, topic, group=topic, concurrency=4)
    await gated.until_running(0, 1, 2)
    gated.open()
    await scene.until_committed(topic, topic, {0: 4})


async def test_retry_that_waits_holds_back_its_key_and_nothing_else(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0, 4)  # as many as there are places
    await scene.put(topic, 0, 1, key=b"a")
    await scene.put(topic, 2, 3, key=b"b")
    await scene.put(topic, 4, 5)
    await scene.consume(notes, topic, group=topic, concurrency=2, retry_interval=60_000)
    await notes.until(5)
    await scene.put(topic, 6, key=b"c")  # and what comes later as well
    await notes.until(6)
    assert sorted(notes.numbers) == [0, 2, 3, 4, 5, 6]
    await scene.until_committed(topic, topic, {0: 0})


async def test_retries_of_a_key_come_before_what_follows_in_it(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0, 4, times=3)
    for number in range(10):
        await scene.put(topic, number, key=b"%d" % (number % 2))
    consumer = await scene.consume(notes, topic, group=topic, concurrency=2, clock=HastyClock())
    await scene.until_committed(topic, topic, {0: 10})
    assert [number for number in notes.numbers if not number % 2] == [0, 0, 0, 0, 2, 4, 4, 4, 4, 6, 8]
    assert [number for number in notes.numbers if number % 2] == [1, 3, 5, 7, 9]
    assert [context.attempt for context in notes.contexts if context.offset == 4] == [1, 2, 3, 4]
    assert (consumer.counts.handled, consumer.counts.retried) == (10, 6)


async def test_sends_of_a_key_keep_their_order(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out", partitions=2), await scene.emitter()
    chance = random.Random(7)

    async def forward(sent: BaseEvent, context: Context) -> None:
        for _ in range(chance.randrange(4)):
            await Clock().sleep(0)
        await emitter.send(sent, out, key=context.key)
        if chance.random() < 0.1:
            raise OSError("now and then")

    await emitter.send_many(map(event, range(400)), topic, key=lambda one: str(one.data["n"] % 7))
    await scene.consume(forward, topic, group=topic, concurrency=5, retry_interval=0, max_retries=100)
    await scene.until_committed(topic, topic, {0: 400})
    by_key: dict[bytes | None, list[bytes | None]] = defaultdict(list)
    for record in await scene.records(out, 400):
        by_key[record.key].append(record.value)
    assert by_key == {b"%d" % key: [encoded(number) for number in range(key, 400, 7)] for key in range(7)}


async def test_nothing_is_lost_nor_handled_twice_nor_overtaken_whatever_handlers_take(scene: Scene) -> None:
    topic, emitter, chance = await scene.topic(partitions=3), await scene.emitter(), random.Random(11)
    running: Counter[object] = Counter()

    async def take_a_while(sent: BaseEvent, context: Context) -> None:
        running[context.key] += 1
        assert running[context.key] == 1
        await Clock().sleep(chance.choice([0, 0, 0.0001, 0.001]))
        running[context.key] -= 1
        done[context.key].append(sent.data["n"])

    done: dict[object, list[int]] = defaultdict(list)
    await emitter.send_many(map(event, range(900)), topic, key=lambda one: str(one.data["n"] % 30))
    await scene.consume(take_a_while, topic, group=topic, concurrency=8, slice_messages=40, max_retries=0)
    await until(lambda: sum(map(len, done.values())) >= 900)
    assert done == {str(key).encode(): list(range(key, 900, 30)) for key in range(30)} or done == {
        str(key): list(range(key, 900, 30)) for key in range(30)
    }
    ends = Counter(record.partition for record in await scene.backend.records(topic))
    await scene.until_committed(topic, topic, {number: ends[number] for number in range(3)})


# ---------------------------------------------------------------- what is committed


async def test_lowest_message_that_is_not_done_is_committed(scene: Scene) -> None:
    topic, gated = await scene.topic(partitions=2), Gated()
    await scene.put(topic, 0, 1, 2, 3, 4)
    await scene.consume(gated, topic, group=topic, concurrency=5)
    await gated.until_running(0, 1, 2, 3, 4)
    gated.open(2, 3)
    await gated.until_done(2, 3)
    gated.open(10, 11, 12)
    for count, number in enumerate([10, 11, 12], start=1):  # another partition commits meanwhile
        await scene.put(topic, number, partition=1)
        await scene.until_committed(topic, topic, {0: 0, 1: count})
    gated.open(0)
    await scene.until_committed(topic, topic, {0: 1, 1: 3})
    assert gated.running == {1, 4}
    gated.open(1)
    await scene.until_committed(topic, topic, {0: 4, 1: 3})
    gated.open(4)
    await scene.until_committed(topic, topic, {0: 5, 1: 3})


@at_least_once
async def test_sends_beyond_the_lowest_message_go_out_before_it_is_done(scene: Scene) -> None:
    topic, out, emitter, gated = await scene.topic(), await scene.topic("out"), await scene.emitter(), Gated()
    await scene.put(topic, 0, 1)
    await scene.consume(send_then_wait(emitter, out, gated), topic, group=topic, concurrency=2)
    gated.open(1)
    (record,) = await scene.records(out, 1)
    assert record.value == encoded(1)
    assert await scene.backend.committed(topic, topic) == {0: 0}
    gated.open()
    await scene.until_committed(topic, topic, {0: 2})


async def test_stuck_key_lets_its_partition_wait_and_no_other(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, gated = await scene.topic(partitions=2), Gated()
    fetched: Counter[int] = Counter()
    gated.open(*range(1, 1_000))
    await scene.put(topic, 0, key=b"stuck")
    consumer = await scene.consume(gated, topic, group=topic, concurrency=2, slice_messages=5)
    fetch = port_of(consumer).fetch

    async def counted() -> object:
        found = await fetch()
        fetched.update(partition.partition for partition, records in found.items() if records)
        return found

    monkeypatch.setattr(port_of(consumer), "fetch", counted)
    for number in range(1, 21):
        await scene.put(topic, number, key=b"%d" % number)
        await scene.put(topic, 100 + number, partition=1, key=b"k")
        await until(lambda number=number: 100 + number in gated.done)  # type: ignore[misc]  # a default binds it
    await gated.until_done(1, 2, 3, 4, *range(101, 121))
    assert fetched[0] < 10
    await scene.until_committed(topic, topic, {0: 0, 1: 20})
    gated.open(0)
    await scene.until_committed(topic, topic, {0: 21, 1: 20})
    assert Counter(gated.done) == Counter([*range(21), *range(101, 121)])


# ---------------------------------------------------------------- ends


@at_least_once
async def test_stop_finishes_what_runs_and_commits_the_lowest_that_is_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out = await stop_while_a_retry_waits(scene, monkeypatch)
    assert await scene.backend.committed(topic, topic) == {0: 1}
    assert {record.value for record in await scene.records(out, 2)} == {encoded(0), encoded(2)}


async def test_crash_repeats_from_the_lowest_message_that_was_not_done(scene: Scene) -> None:
    topic, gated, again = await scene.topic(), Gated(), Notes()
    await scene.put(topic, 0, 1, 2, 3, key=None)
    consumer = await scene.consume(gated, topic, group=topic, concurrency=3)
    gated.open(0, 2)
    await scene.until_committed(topic, topic, {0: 1})
    await gated.until_running(1, 3)
    await scene.give_up(consumer)
    assert not gated.running
    assert await scene.backend.committed(topic, topic) == {0: 1}
    await scene.consume(again, topic, group=topic, concurrency=3)
    await scene.until_committed(topic, topic, {0: 4})
    assert sorted(again.numbers) == [1, 2, 3]


async def test_handler_that_cancels_the_task_it_runs_in_ends_the_consumer_and_nothing_is_lost(scene: Scene) -> None:
    topic, gated = await scene.topic(), Gated()

    async def cancel_oneself(event: BaseEvent, context: Context) -> None:
        if event.data["n"] == 1:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await gated(event, context)

    await scene.put(topic, 0, 1, 2)
    gated.open(0)
    consumer = await scene.begin(cancel_oneself, topic, group=topic, concurrency=3)
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 1: .*cancelled the task.*raise an error instead"):
        await ended(consumer)
    await gated.until_running(2)  # what runs is finished
    gated.open()
    with pytest.raises(HandlerError):
        await consumer.stop()
    assert sorted(gated.done) == [0, 2]
    assert await scene.backend.committed(topic, topic) == {0: 1}


async def test_other_keys_finish_what_runs_when_a_message_is_given_up(scene: Scene) -> None:
    topic, gated = await scene.topic(), Gated()

    async def fail_the_second(event: BaseEvent, context: Context) -> None:
        await gated(event, context)
        if event.data["n"] == 1:
            raise ValueError("broken")

    await scene.put(topic, 0, 1, 2, 3)
    consumer = await scene.begin(fail_the_second, topic, group=topic, concurrency=3, max_retries=0)
    await gated.until_running(0, 1, 2)
    gated.open(1)
    with pytest.raises(HandlerError, match="offset 1"):
        await ended(consumer)
    gated.open()
    with pytest.raises(HandlerError):
        await consumer.stop()
    assert sorted(gated.done) == [0, 1, 2]
    assert await scene.backend.committed(topic, topic) == {0: 1}


async def test_rebalance_waits_for_what_runs_and_loses_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, first, second = await scene.topic(partitions=2), Gated(), Gated()
    for number in range(10):
        await scene.put(topic, number, partition=number % 2, key=b"%d" % (number % 4))
    second.open()
    consumer = await scene.consume(first, topic, group=topic, concurrency=2)
    await first.until_running(0, 1, 2, 3)
    revoke = revoke_of(consumer, monkeypatch)
    await scene.begin(second, topic, group=topic, concurrency=2)
    await revoke.wait()
    first.open(1, 2, 3)
    await first.until_running(0)  # and nothing new
    await scene.until_committed(topic, topic, {0: 0, 1: 2})
    assert not second.done
    first.open()
    await scene.until_committed(topic, topic, {0: 5, 1: 5})
    assert set(first.done) | set(second.done) == set(range(10))
    assert second.done
    for done in (first.done, second.done):
        for key in range(4):
            of_key = [number for number in done if number % 4 == key]
            assert of_key == sorted(of_key)
