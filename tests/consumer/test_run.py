"""How a consumer ends when something goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.memory import MemoryPort
from eventy.consumer.progress import Progress
from eventy.errors import BrokerError, BrokerUnavailableError, EventyError, HandlerError, ShutdownTimeoutError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import TopicPartition
from eventy.testing.clock import VirtualClock
from eventy.testing.conformance.scene import DEADLINE, HastyClock, Notes, Scene, ended, port_of, run_of, until
from eventy.testing.conformance.serializer import encoded

FIRST = TopicPartition("topic", 0)


async def test_failure_is_told_at_once_though_another_handler_still_runs(scene: Scene) -> None:
    topic, going_on = await scene.topic(partitions=2), asyncio.Event()

    async def wait_or_fail(_: BaseEvent, context: Context) -> None:
        if context.partition == 0:
            await going_on.wait()
        else:
            raise ValueError("broken")

    notes = Notes(wait_or_fail)
    consumer = await scene.consume(notes, topic, group="g", max_retries=0)
    await scene.backend.put(topic, encoded(1), partition=0)
    await notes.until(1)
    await scene.backend.put(topic, encoded(2), partition=1)
    with pytest.raises(HandlerError):
        await ended(consumer)
    assert not going_on.is_set()
    going_on.set()
    with pytest.raises(HandlerError):
        await consumer.stop()
    await scene.until_committed("g", topic, {0: 1, 1: 0})


async def test_end_that_fails_is_an_end_nevertheless(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await scene.topic()
    consumer = await scene.consume(Notes(), topic, group="g")
    close = port_of(consumer).close

    async def fail() -> None:
        await close()
        raise BrokerError("while leaving")

    monkeypatch.setattr(port_of(consumer), "close", fail)
    with pytest.raises(BrokerError, match="while leaving"):
        await consumer.stop()
    await consumer.wait()


async def test_drain_that_fails_unforeseen_has_what_runs_finished(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, going_on = await scene.topic(), asyncio.Event()

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    async def broken() -> None:
        raise RuntimeError("a bug")

    notes = Notes(wait)
    consumer = await scene.consume(notes, topic, group="g", slice_messages=1)
    monkeypatch.setattr(port_of(consumer), "drain", broken)
    await scene.put(topic, 1, 2)
    await notes.until(1)
    stopping = asyncio.create_task(consumer.stop())
    with pytest.raises(RuntimeError, match="a bug"):
        await ended(consumer)
    assert not stopping.done()
    going_on.set()
    with pytest.raises(RuntimeError, match="a bug"):
        await stopping
    assert notes.numbers == [1]
    await scene.until_committed("g", topic, {0: 1})


async def test_end_that_fails_on_the_way_leaves_the_broker_nevertheless(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, second = await scene.topic(), Notes()
    consumer = await scene.consume(Notes(), topic, group="g")

    async def broken() -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(run_of(consumer)._progress, "flush", broken)
        with pytest.raises(RuntimeError, match="a bug"):
            await consumer.stop()
    await scene.consume(second, topic, group="g")
    await scene.put(topic, 1)
    await second.until(1)


async def test_error_while_leaving_at_the_deadline_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    topic = await scene.topic()

    async def hang(_: BaseEvent, __: Context) -> None:
        await asyncio.Event().wait()

    notes = Notes(hang)
    consumer = await scene.consume(notes, topic, group="g")
    close = port_of(consumer).close

    async def fail() -> None:
        await close()
        raise RuntimeError("a bug")

    monkeypatch.setattr(port_of(consumer), "close", fail)
    await scene.put(topic, 1)
    await notes.until(1)
    await cut_short(consumer)
    assert f"{consumer.name}: leaving the broker failed: RuntimeError: a bug" in caplog.messages


@pytest.mark.parametrize("concurrency", [1, 2])
async def test_handler_that_ignores_its_cancellation_neither_holds_up_the_group_nor_counts_any_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(MemoryPort, "revoke_timeout", 0.05)
    monkeypatch.setattr("eventy.consumer.assignment._CANCEL", 0.05)
    topic, going_on, ended = await scene.topic(), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation(_: BaseEvent, __: Context) -> None:
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    stubborn, second = Notes(ignore_cancellation), Notes()
    await scene.backend.put(topic, encoded(1))
    await scene.consume(stubborn, topic, group="g", concurrency=concurrency)
    await stubborn.until(1)
    await scene.begin(second, topic, group="g")
    await until(lambda: len(second.numbers) + len(stubborn.numbers) == 2)  # the message came again, to either of them
    await scene.backend.put(topic, encoded(2))
    going_on.set()
    await ended.wait()
    await scene.until_committed("g", topic, {0: 2})


async def cut_short(consumer: EngineConsumer[Any]) -> str:
    """Stop a consumer, have the deadline pass once it waits for what runs, and return what that raises."""
    stopping = asyncio.create_task(consumer.stop())
    for _ in range(5):
        await Clock().sleep(0)
    stopping.cancel()
    with pytest.raises(ShutdownTimeoutError) as caught:
        await stopping
    return str(caught.value)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_deadline_tells_which_messages_are_unfinished_and_where_their_handlers_are(
    scene: Scene, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    topic, clock = await scene.topic(partitions=2), VirtualClock()

    async def fail_or_hang(event: BaseEvent, _: Context) -> None:
        if event.data["n"] == 1:
            raise OSError("not yet")
        await asyncio.Event().wait()

    notes = Notes(fail_or_hang)
    options: dict[str, Any] = {"concurrency": concurrency, "retry_interval": 60_000}
    consumer = await scene.consume(notes, topic, group="g", clock=clock, **options)
    await scene.put(topic, 1, 2)
    await scene.put(topic, 3, partition=1)
    await notes.until(2 if concurrency == 1 else 3)
    clock.advance(31)
    said = await cut_short(consumer)
    assert said.startswith(f"{consumer.name}: the shutdown deadline (EVENTY_SHUTDOWN_TIMEOUT) has passed; unfinished: ")
    assert f"{topic}[1] offset 0, whose handlers have run for 31 s" in said
    assert f"{topic}[0] offset 0, which waits for attempt 2, due in 29 s" in said
    assert "; 3 messages were not handled and are lost" in said
    shown = [record.getMessage() for record in caplog.records if "They are here" in record.getMessage()]
    assert len(shown) == (1 if concurrency == 1 else 2)
    assert any(f"the handlers of {topic}[1] offset 0 still run after 31 s" in text for text in shown)
    assert all("in fail_or_hang\n" in text for text in shown)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_deadline_tells_what_the_broker_has_not_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()
    writing = asyncio.Barrier(3)

    async def fail_or_send(event: BaseEvent, context: Context) -> None:
        if context.partition:
            raise OSError("broken")
        await emitter.send(event, out)

    async def wait(_: object) -> None:
        await writing.wait()
        await asyncio.Event().wait()

    options: dict[str, Any] = {"concurrency": concurrency, "max_retries": 1, "retry_interval": 0}
    consumer = await scene.consume(fail_or_send, topic, group="g", on_exhausted="dead_letter", **options)
    monkeypatch.setattr(port_of(consumer), "write_letter", wait)
    monkeypatch.setattr(emitter, "write", wait)
    await scene.put(topic, 1)
    await scene.put(topic, 2, partition=1)
    await writing.wait()
    said = (await cut_short(consumer)).partition("; unfinished: ")[2]
    assert said.startswith(
        f"{topic}[1] offset 0, given up, which the broker hasn't acknowledged; "
        f"{topic}[0], whose sends the broker hasn't acknowledged; 2 messages were not handled"
    )


async def test_deadline_names_three_messages_and_counts_the_others(scene: Scene) -> None:
    topic = await scene.topic(partitions=5)

    async def hang(_: BaseEvent, __: Context) -> None:
        await asyncio.Event().wait()

    notes = Notes(hang)
    consumer = await scene.consume(notes, topic, group="g")
    for partition in range(5):
        await scene.put(topic, 1, partition=partition)
    await notes.until(5)
    said = await cut_short(consumer)
    assert (said.count("whose handlers have run"), "; 2 more; 5 messages were not" in said) == (3, True)


async def test_deadline_does_not_blame_a_consumer_that_is_done(scene: Scene) -> None:
    topic, other = await scene.topic(), await scene.topic("other")

    async def hang(_: BaseEvent, __: Context) -> None:
        await asyncio.Event().wait()

    notes = Notes(hang)
    await scene.consume(notes, topic, group="hanging")
    idle = await scene.consume(Notes(), other, group="idle")
    await scene.put(topic, 1, 2)
    await notes.until(1)
    assert await cut_short(idle) == (
        f"{idle.name}: the shutdown deadline (EVENTY_SHUTDOWN_TIMEOUT) has passed; this consumer is done, and has "
        f"waited for others: 2 messages in {topic}[0] for hanging"
    )


async def test_flush_waits_for_another_that_is_under_way() -> None:
    steps: list[str] = []
    answered = asyncio.Event()

    async def commit(_: Mapping[TopicPartition, int]) -> None:
        steps.append("begins")
        await answered.wait()
        steps.append("ends")

    progress = Progress(commit, Clock(), lambda error: None)
    progress.mark(FIRST, 1)
    flushes = [asyncio.create_task(progress.flush())]
    await Clock().sleep(0)
    progress.mark(FIRST, 2)
    flushes.append(asyncio.create_task(progress.flush()))
    await Clock().sleep(0)
    assert steps == ["begins"]
    answered.set()
    await asyncio.gather(*flushes)
    assert steps == ["begins", "ends", "begins", "ends"]


async def test_checkpoint_callback_that_ignores_its_cancellation_does_not_hold_up_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.consumer.checkpoints._CANCEL", 0.05)
    topic, began, going_on, ended = await scene.topic(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ignore_cancellation() -> None:
        began.set()
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    consumer = await scene.begin(Notes(), topic, group="g")
    consumer.set_checkpoint_callback(ignore_cancellation)
    await began.wait()
    async with Clock().timeout(DEADLINE):
        await consumer.stop()
    going_on.set()
    await ended.wait()


async def test_position_that_the_broker_does_not_tell_ends_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def stay_silent(_: MemoryPort, __: TopicPartition) -> int:
        asked.set()
        raise BrokerUnavailableError("away")

    async def further(_: MemoryPort, __: TopicPartition) -> int:
        return 3

    monkeypatch.setattr(MemoryPort, "position", stay_silent)
    monkeypatch.setattr(MemoryPort, "committed", further)
    topic, notes = await scene.topic(partitions=2), Notes()
    consumer = await scene.consume(notes, topic, group="g", position="earliest", clock=HastyClock())
    await scene.put(topic, 1, partition=1)  # the other partition, which has nothing yet, is asked for its position
    await notes.until(1)
    await asked.wait()
    await scene.put(topic, 2, partition=1)
    await notes.until(2)
    assert notes.numbers == [1, 2]
    assert consumer.readiness() is None


async def test_checkpoint_callback_that_cancels_itself_ends_the_consumer(scene: Scene) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    consumer = await scene.consume(Notes(), await scene.topic(), group="g")
    consumer.set_checkpoint_callback(cancelled)
    with pytest.raises(HandlerError, match="checkpoint callback"):
        await ended(consumer)


async def test_fetching_that_fails_is_told_by_readiness_as_long_as_it_does(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes = await scene.topic(), Notes()
    consumer = await scene.consume(notes, topic, group="g")
    port = port_of(consumer)
    fetch, is_allowed = port.fetch, asyncio.Event()

    async def refuse() -> object:
        if not is_allowed.is_set():
            raise BrokerError("not allowed to read")
        return await fetch()

    monkeypatch.setattr(port, "fetch", refuse)
    await scene.put(topic, 0)  # the fetch under way returns
    await until(lambda: consumer.readiness() == "fetching fails: not allowed to read")
    is_allowed.set()
    await scene.put(topic, 1)
    await notes.until(2)
    assert consumer.readiness() is None


async def test_consumer_is_started_once_at_a_time(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    consumer = await scene.consume(notes, topic, group="g")
    with pytest.raises(EventyError, match="is started already: stop it first"):
        await consumer.start(notes)
    await consumer.stop()
    await consumer.start(notes)
    await scene.put(topic, 0)
    await notes.until(1)
