"""Nothing outlives the process: stop drains."""

import asyncio
from typing import Any

import pytest

from eventy.errors import HandlerError, ShutdownTimeoutError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.conformance.memory import MemoryBackend
from eventy.testing.conformance.scene import Notes, Scene, failing, until
from eventy.testing.conformance.serializer import encoded, event


async def test_stop_drains_to_the_last_message(scene: Scene) -> None:
    emitter, notes = await scene.emitter(), Notes(wait_a_turn)
    consumer = await scene.consume(notes, "commands", group="g", slice_messages=3)
    await emitter.send_many(map(event, range(100)), "commands", key=lambda sent: str(sent.data["n"]))
    await consumer.stop()
    assert sorted(notes.numbers) == list(range(100))


async def wait_a_turn(event: BaseEvent, context: Context) -> None:
    await asyncio.sleep(0)  # noqa: TID251 - a handler that waits


async def test_stop_drains_what_other_consumers_still_send(scene: Scene) -> None:
    emitter, notes = await scene.emitter(), Notes()

    async def forward(sent: BaseEvent, context: Context) -> None:
        await wait_a_turn(sent, context)
        await emitter.send(sent, "events")

    first = await scene.consume(forward, "commands", group="commands", slice_messages=1)
    second = await scene.consume(notes, "events", group="events")
    await emitter.send_many(map(event, range(50)), "commands")
    await second.stop()
    await first.stop()
    assert sorted(notes.numbers) == list(range(50))


async def test_deadline_names_how_many_are_lost(scene: Scene) -> None:
    async def block(event: BaseEvent, context: Context) -> None:
        await asyncio.Event().wait()

    emitter, notes = await scene.emitter(), Notes(block)
    consumer = await scene.consume(notes, "commands", group="g")
    await emitter.send_many(map(event, range(5)), "commands")
    await notes.until(1)
    stopping = asyncio.create_task(consumer.stop())
    await wait_a_turn(event(), notes.contexts[0])
    stopping.cancel()
    with pytest.raises(ShutdownTimeoutError, match="5 messages"):
        await stopping


async def test_failure_while_draining_ends_the_drain_and_is_raised(scene: Scene) -> None:
    async def fail_the_last(event: BaseEvent, context: Context) -> None:
        await wait_a_turn(event, context)
        if event.data["n"] == 9:
            raise ValueError("broken")

    emitter = await scene.emitter()
    consumer = await scene.consume(fail_the_last, "commands", group="g", max_retries=0, slice_messages=1)
    await emitter.send_many(map(event, range(12)), "commands", key=lambda _: "k")
    with pytest.raises(HandlerError, match="offset 9"):
        await consumer.stop()


async def test_failure_of_one_consumer_leaves_the_others_running(scene: Scene) -> None:
    async def fail(event: BaseEvent, context: Context) -> None:
        raise ValueError("broken")

    emitter, notes = await scene.emitter(), Notes()
    failing = await scene.consume(fail, "commands", group="a", max_retries=0)
    going_on = await scene.consume(notes, "commands", group="b")
    await emitter.send(event(1), "commands")
    with pytest.raises(HandlerError):
        await failing.wait()
    await emitter.send(event(2), "commands")
    await going_on.stop()
    assert sorted(notes.numbers) == [1, 2]


async def test_what_is_sent_to_a_consumer_that_failed_is_counted_as_lost_when_its_sender_stops_first(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    emitter, going_on = await scene.emitter(), asyncio.Event()

    async def fail(_: BaseEvent, __: Context) -> None:
        raise ValueError("broken")

    async def send_later(_: BaseEvent, __: Context) -> None:
        await going_on.wait()
        await emitter.send(event(2), "events")

    notes = Notes(send_later)
    reader = await scene.consume(fail, "events", group="reader", max_retries=0)
    sender = await scene.consume(notes, "commands", group="sender")
    await emitter.send(event(0), "commands")
    await notes.until(1)
    await emitter.send(event(1), "events")
    with pytest.raises(HandlerError):
        await reader.wait()
    stopping = asyncio.create_task(sender.stop())
    going_on.set()
    await stopping
    with pytest.raises(HandlerError):
        await reader.stop()
    assert f"{reader.name}: 2 messages were not handled and are lost" in caplog.text


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
async def test_dead_letters_that_end_with_the_process_are_counted(
    scene: Scene, caplog: pytest.LogCaptureFixture, delivery: str
) -> None:
    topic = await scene.topic()
    options: dict[str, Any] = {"max_retries": 0, "on_exhausted": "dead_letter", "delivery": delivery}
    consumer = await scene.consume(failing(1, 2), topic, group="g", **options)
    await scene.put(topic, 1, 2)
    await scene.records(f"{topic}-dlt", 2)
    await consumer.stop()
    assert f"2 dead letters in {topic}-dlt: nothing in memory outlives the process" in caplog.messages


@pytest.mark.parametrize("reader_stops_first", [True, False])
async def test_dead_letters_that_somebody_reads_are_no_loss(
    scene: Scene, caplog: pytest.LogCaptureFixture, reader_stops_first: bool
) -> None:
    topic, letters = await scene.topic(), Notes()
    consumer = await scene.consume(failing(1, 2), topic, group="g", max_retries=0, on_exhausted="dead_letter")
    reader = await scene.consume(letters, f"{topic}-dlt", group="letters")
    await scene.put(topic, 1, 2)
    await letters.until(2)
    for one in (reader, consumer) if reader_stops_first else (consumer, reader):
        await one.stop()
    assert not [said for said in caplog.messages if "outlives the process" in said]


async def test_what_another_member_goes_on_with_is_not_lost(scene: Scene) -> None:
    going_on = asyncio.Event()

    async def block(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    emitter, notes = await scene.emitter(), Notes(block)
    leaving = await scene.consume(notes, "commands", group="g")
    await scene.consume(notes, "commands", group="g")
    await emitter.send_many(map(event, range(8)), "commands", key=lambda sent: str(sent.data["n"]))
    await notes.until(2)
    stopping = asyncio.create_task(leaving.stop())
    await wait_a_turn(event(), notes.contexts[0])
    stopping.cancel()
    with pytest.raises(ShutdownTimeoutError, match="unfinished") as caught:
        await stopping
    assert "lost" not in str(caught.value)
    going_on.set()
    await until(lambda: set(notes.numbers) == set(range(8)))


async def test_members_in_one_process_count_what_ends_with_it_once(scene: Scene) -> None:
    async def block(event: BaseEvent, context: Context) -> None:
        await asyncio.Event().wait()

    notes = Notes(block)
    members = [await scene.consume(notes, "commands", group="g") for _ in range(3)]
    await (await scene.emitter()).send_many(map(event, range(8)), "commands", key=lambda sent: str(sent.data["n"]))
    await notes.until(2)
    assert sum(member.lost() for member in members) == 8
    await scene.give_up(members[0])
    assert sum(member.lost() for member in members) == 8


async def test_message_behind_a_long_transaction_that_was_aborted_is_received(scene: Scene) -> None:
    assert isinstance(scene.backend, MemoryBackend)
    topic, notes, producer = await scene.topic(), Notes(), scene.backend.broker.transactional("t")
    for number in range(5_000):
        producer.append(ProducerRecord(topic, None, encoded(number), ()), partition=0)
    producer.abort()
    await scene.put(topic, 1)
    await scene.consume(notes, topic, group="g")
    await notes.until(1)
    assert notes.numbers == [1]
