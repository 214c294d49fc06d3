"""How a consumer ends."""

from __future__ import annotations

import asyncio

import pytest

from eventy.clock import Clock
from eventy.consumer.progress import Progress
from eventy.errors import BrokerError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from eventy.testing.conformance.scene import DEADLINE, Notes, Scene, port_of, until
from eventy.testing.conformance.serializer import encoded


async def test_stop_finishes_what_runs_and_commits_it(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    going_on = asyncio.Event()

    async def send_and_wait(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        await going_on.wait()

    notes = Notes(send_and_wait)
    await scene.backend.put(topic, encoded(1))
    consumer = await scene.consume(notes, topic, group=topic)
    await notes.until(1)
    stopping = asyncio.ensure_future(consumer.stop())
    waiting = asyncio.ensure_future(consumer.wait())
    await asyncio.wait({stopping, waiting}, timeout=0.1)
    assert not stopping.done()
    assert not waiting.done()
    going_on.set()
    await asyncio.gather(stopping, waiting)
    assert (await scene.backend.committed(topic, topic)) == {0: 1}
    await scene.records(out, 1)


async def test_stop_that_is_cancelled_gives_up_at_once_and_commits_nothing_unfinished(scene: Scene) -> None:
    topic, out, emitter, cancelled = await scene.topic(), await scene.topic("out"), await scene.emitter(), []

    async def send_and_wait(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(context.offset)
            raise

    notes = Notes(send_and_wait)
    await scene.backend.put(topic, encoded(1))
    consumer = await scene.consume(notes, topic, group=topic)
    await notes.until(1)
    began = asyncio.get_running_loop().time()
    await scene.give_up(consumer)
    assert asyncio.get_running_loop().time() - began < 2
    assert cancelled == [0]
    await consumer.wait()
    assert (await scene.backend.committed(topic, topic)) == {0: 0}
    assert not await scene.backend.records(out)


async def test_stop_does_not_wait_for_a_retry_that_is_due_later(scene: Scene) -> None:
    topic = await scene.topic()

    async def fail(event: BaseEvent, context: Context) -> None:
        raise ValueError("broken")

    notes = Notes(fail)
    await scene.backend.put(topic, encoded(1))
    consumer = await scene.consume(notes, topic, group=topic, retry_interval=60_000)
    await notes.until(1)
    began = asyncio.get_running_loop().time()
    await scene.give_up(consumer)
    assert asyncio.get_running_loop().time() - began < 2
    assert notes.numbers == [1]


async def test_stop_before_the_assignment_leaves_nothing_behind(scene: Scene) -> None:
    topic = await scene.topic()
    for turns in range(12):
        consumer = await scene.begin(Notes(), topic, group=topic)
        for _ in range(turns * 5):
            await asyncio.wait({asyncio.ensure_future(until(lambda: True))})
        await consumer.stop()
        await consumer.wait()


async def test_stop_twice_and_stop_without_start_do_nothing(scene: Scene) -> None:
    topic = await scene.topic()
    consumer = await scene.consume(Notes(), topic, group=topic)
    await consumer.stop()
    await consumer.stop()
    never = scene.backend.emitter(serializer=scene.serializer, clock=scene.clock)
    await never.stop()


@pytest.mark.parametrize(
    ("error", "expected"), [(RuntimeError("a bug"), RuntimeError), (asyncio.CancelledError(), BrokerError)]
)
async def test_unforeseen_error_of_the_backend_ends_the_consumer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: BaseException, expected: type[Exception]
) -> None:
    topic = await scene.topic()
    consumer = await scene.consume(Notes(), topic, group=topic)

    async def broken() -> None:
        raise error

    monkeypatch.setattr(port_of(consumer), "fetch", broken)
    await scene.backend.put(topic, encoded(1))
    with pytest.raises(expected):
        await consumer.wait()


async def test_failed_fetch_loses_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, notes, failures = await scene.topic(partitions=2), Notes(), 3
    consumer = await scene.consume(notes, topic, group=topic)
    fetch = port_of(consumer).fetch

    async def swallow() -> object:
        nonlocal failures
        batches = await fetch()
        if batches and failures:
            failures -= 1
            raise BrokerError("swallowed")
        return batches

    monkeypatch.setattr(port_of(consumer), "fetch", swallow)
    await scene.backend.put(topic, encoded(0))
    await notes.until(1)  # what was fetched before ours took its place
    for number in range(1, 10):
        await scene.backend.put(topic, encoded(number), partition=number % 2)
    await notes.until(10)
    await scene.until_committed(topic, topic, {0: 5, 1: 5})
    assert sorted(notes.numbers) == list(range(10))
    assert not failures


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (SystemExit(0), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (None, "offset 0: .*cancelled the task.*raise an error instead"),
    ],
)
async def test_handler_that_ends_more_than_itself_ends_the_consumer_with_its_place(
    scene: Scene, error: BaseException | None, named: str
) -> None:
    topic = await scene.topic()

    async def end(_: BaseEvent, __: Context) -> None:
        if error is not None:
            raise error
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.Event().wait()

    await scene.backend.put(topic, encoded(1))
    consumer = await scene.begin(end, topic, group=topic, max_retries=0)
    with pytest.raises(HandlerError, match=rf"{topic}\[0\].*{named}"):
        async with Clock().timeout(DEADLINE):
            await consumer.wait()
    with pytest.raises(HandlerError):
        await consumer.stop()
    assert (await scene.backend.committed(topic, topic)).get(0, 0) == 0


async def test_commit_that_the_client_cancels_ends_the_consumer(scene: Scene) -> None:
    topic = await scene.topic()
    failures: list[BaseException] = []

    async def commit(_: object) -> None:
        raise asyncio.CancelledError

    progress = Progress(commit, Clock(), failures.append)
    progress.start()
    progress.mark(TopicPartition(topic, 0), 1)
    await until(lambda: bool(failures))
    assert isinstance(failures[0], BrokerError)
    await progress.cancel()
