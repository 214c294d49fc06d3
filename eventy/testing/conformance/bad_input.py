"""What other clients may put into a topic: records without a value, without headers, and bytes that are no message."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dependency_injector import containers

from eventy.errors import DecodeError, HandlerError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registration, Registry, on
from eventy.event.tombstone import Tombstone
from eventy.handler.attempt import Deliver
from eventy.handler.dispatch import Dispatcher
from eventy.message.context import Context
from eventy.message.record import Header
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, ended, headers, until
from eventy.testing.conformance.schema_files import record, write
from eventy.testing.conformance.serializer import NAME, event

# What a consumer can do with a message that is given up, other than to stop.
PASSING_ON = ["skip", "dead_letter"]

# As large as no topic takes by default.
LARGE = 10_000_000


class Poison(NamedTuple):
    """Bytes that are no message, and what the error says about them, as a regular expression."""

    value: bytes
    found: str


POISON = {
    "empty": Poison(b"", r"the message is empty"),
    "unknown-magic": Poison(b"\x7fgarbage", r"starts with b'\\x7fgarbage', expected c3 01"),
    "text": Poison(b'["test.Happened", {"n": 1}]', r"""starts with b'\["test.H'"""),
    "confluent": Poison(b"\x00\x00\x00\x00\x07\x02", r"starts with 00 00 00 00 07, Confluent's encoding"),
    "unknown-fingerprint": Poison(b"\xc3\x01" + bytes(range(8)) + b"\x02", r"fingerprint is 0001020304050607"),
    "cut-off-fingerprint": Poison(b"\xc3\x01\x00\x01", r"found 4 bytes; .* it was cut off"),
    "broken-container": Poison(b"Obj\x01\x02", r"container file"),
}

# Records that are out of the ordinary, and no less handled.
HANDLED: dict[str, dict[str, Any]] = {
    "no-key-no-headers": {"key": None, "headers": ()},
    "empty-key": {"key": b"", "headers": ()},
    "key-that-is-no-text": {"key": b"\xff\x00\xfe"},
    "no-correlation-id": {"headers": [("ce_id", b"m1"), ("ce_type", NAME.encode())]},
    "header-values-that-are-no-text": {
        "headers": [("ce_id", b"\xff\xfe"), ("ce_correlationid", b"\xc3"), ("traceparent", b"\x80"), ("o", b"\xf0\x28")]
    },
    "null-header-values": {
        "headers": [(name, None) for name in ("ce_id", "ce_type", "ce_correlationid", "traceparent", "other")]
    },
    "empty-header-values": {"headers": [("ce_id", b""), ("ce_correlationid", b""), ("traceparent", b""), ("", b"")]},
    "endless-ids": {"headers": [("ce_id", b"i" * 100_000), ("ce_correlationid", b"c" * 100_000)]},
    "same-header-twice": {"headers": [("ce_id", b"m1"), ("ce_id", b"m2")]},
    "type-of-another": {"headers": [("ce_type", b"somebody.Elses")]},
}


class Strict(BaseEvent):
    """An event that doesn't take what its schema lets through."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        if data["n"] == 2:
            raise ValueError("n must be odd")


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    schema = record(NAME, n="long")
    schema["fields"].append({"name": "padding", "type": "string", "default": ""})
    return write(tmp_path / "schemas", schema)


@pytest.fixture
def avro(scene: Scene, schemas: Path) -> None:
    """Have the scene's consumers and emitters use the real serializer, with a folder of one schema."""
    scene.serializer = AvroEventSerializer(registry=Registry(), schemas_folder=schemas)


def dispatching(*messages: Registration) -> Deliver:
    return Dispatcher(Registry(messages), containers.DynamicContainer(), None).deliver


async def put(scene: Scene, topic: str, *numbers: int, partition: int = 0) -> None:
    for number in numbers:
        await scene.backend.put(topic, scene.serializer.encode(event(number)), partition=partition)


# ---------------------------------------------------------------- records that are handled


@pytest.mark.parametrize("odd", HANDLED.values(), ids=HANDLED)
@pytest.mark.usefixtures("avro")
async def test_odd_record_is_handled_and_what_its_handler_sends_goes_out(scene: Scene, odd: dict[str, Any]) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def forward(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out, key=context.key)

    notes = Notes(forward)
    await scene.backend.put(topic, scene.serializer.encode(event(1)), **odd)
    await put(scene, topic, 2)
    await scene.consume(notes, topic, group=topic)
    sent = [headers(record) for record in await scene.records(out, 2)]
    await scene.until_committed(topic, topic, {0: 2})
    assert notes.numbers == [1, 2]
    first = notes.contexts[0]
    assert first.key == odd.get("key")
    assert list(first.headers) == list(odd.get("headers", ()))
    assert 0 < len(first.message_id) <= 1_024
    assert 0 < len(first.corr_id) <= 1_024
    assert sent[0]["ce_correlationid"] == first.corr_id.encode()
    assert sent[0]["ce_causationid"] == first.message_id.encode()


@pytest.mark.usefixtures("avro")
async def test_large_message_is_handled_among_others(scene: Scene) -> None:
    topic = await scene.topic(partitions=2, configs={"max.message.bytes": str(LARGE + 2_000_000)})
    notes, large = Notes(), scene.serializer.encode(event(2, padding="x" * LARGE))
    await put(scene, topic, 1)
    await scene.backend.put(topic, large)
    await put(scene, topic, 3)
    await put(scene, topic, *range(4, 8), partition=1)
    await scene.consume(notes, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 3, 1: 4})
    assert [number for number in notes.numbers if number <= 3] == [1, 2, 3]
    assert len(notes.numbers) == 7
    assert {len(context.record.value or b"") for context in notes.contexts} >= {len(large)}


# ---------------------------------------------------------------- records without a value


@pytest.mark.usefixtures("avro")
async def test_tombstone_without_a_handler_is_passed_over(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    given: list[list[Header]] = [[], [("ce_type", NAME.encode())], [("ce_type", b"\xff")]]
    for number, of_tombstone in enumerate(given):
        await scene.backend.put(topic, None, key=b"gone", headers=of_tombstone)
        await put(scene, topic, number)
    await scene.backend.put(topic, None)  # nor is the last message of a partition forgotten
    consumer = await scene.consume(dispatching(on(NAME, notes)), topic, group=topic)
    await scene.until_committed(topic, topic, {0: 7})
    assert notes.numbers == [0, 1, 2]
    assert (consumer.counts.tombstones_passed_over, consumer.counts.handled) == (4, 7)


@pytest.mark.usefixtures("avro")
async def test_tombstone_reaches_its_handler_in_the_order_of_its_partition(scene: Scene) -> None:
    topic, seen = await scene.topic(), []

    async def note(event: BaseEvent, context: Context) -> None:
        seen.append((event.name(), event.data.get("n"), context.key))

    by_type, by_topic = on(NAME, note, tombstones=True), on(f"{topic}$", note, tombstones=True)
    await scene.backend.put(topic, None, key=b"a", headers=[("ce_type", NAME.encode())])
    await put(scene, topic, 1)
    await scene.backend.put(topic, None, key=b"b")
    await scene.backend.put(topic, None, key=b"c", headers=[("ce_type", b"somebody.Elses")])
    await put(scene, topic, 2)
    await scene.consume(dispatching(on(NAME, note), by_type, by_topic), topic, group=topic)
    await scene.until_committed(topic, topic, {0: 5})
    assert seen == [(NAME, None, b"a"), (NAME, 1, None), (topic, None, b"b"), (NAME, 2, None)]


@pytest.mark.usefixtures("avro")
async def test_tombstone_is_tried_again_and_what_a_failed_attempt_sent_is_dropped(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def fail_twice(gone: BaseEvent, context: Context) -> None:
        assert isinstance(gone, Tombstone)
        await emitter.send(event(context.attempt), out, key=context.key)
        if context.attempt < 3:
            raise OSError("not yet")

    given = [("ce_id", b"m1"), ("ce_type", NAME.encode()), ("ce_correlationid", b"order-1")]
    await scene.backend.put(topic, None, key=b"gone", headers=given)
    deliver = dispatching(on(NAME, fail_twice, tombstones=True))
    await scene.consume(deliver, topic, group=topic, clock=HastyClock())
    (sent,) = await scene.records(out, 1)
    await scene.until_committed(topic, topic, {0: 1})
    assert sent.key == b"gone"
    assert sent.value == scene.serializer.encode(event(3))
    assert headers(sent)["ce_correlationid"] == b"order-1"
    assert headers(sent)["ce_causationid"] == b"m1"


@pytest.mark.usefixtures("avro")
async def test_tombstone_that_is_given_up_ends_the_consumer(scene: Scene) -> None:
    topic = await scene.topic()

    async def fail(event: BaseEvent) -> None:
        raise ValueError("broken")

    await put(scene, topic, 1)
    await scene.backend.put(topic, None, key=b"gone")
    await put(scene, topic, 2)
    consumer = await scene.begin(
        dispatching(on(topic, fail, tombstones=True)), topic, group=topic, max_retries=1, clock=HastyClock()
    )
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 1.* 2 attempts.*ValueError: broken"):
        await ended(consumer)
    with pytest.raises(HandlerError):
        await consumer.stop()
    assert await scene.backend.committed(topic, topic) == {0: 1}


# ---------------------------------------------------------------- bytes that are no message


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
@pytest.mark.usefixtures("avro")
async def test_undecodable_message_ends_the_consumer_with_its_place_and_what_was_found(
    scene: Scene, poison: Poison
) -> None:
    topic, notes, clock = await scene.topic(), Notes(), HastyClock()
    await put(scene, topic, 1)
    await scene.backend.put(topic, poison.value, key=b"k", headers=[("ce_type", NAME.encode())])
    await put(scene, topic, 3)
    consumer = await scene.begin(notes, topic, group=topic, clock=clock)
    with pytest.raises(HandlerError, match=rf"^{topic}\[0\] offset 1: .*can't be decoded: .*{poison.found}") as failure:
        await ended(consumer)
    with pytest.raises(HandlerError):
        await consumer.stop()
    assert isinstance(failure.value.__cause__, DecodeError)
    assert notes.numbers == [1]
    assert clock.waits == []
    assert await scene.backend.committed(topic, topic) == {0: 1}


@pytest.mark.usefixtures("avro")
async def test_data_that_a_class_does_not_take_is_undecodable_and_the_class_is_named(
    scene: Scene, schemas: Path
) -> None:
    topic, notes, clock = await scene.topic(), Notes(), HastyClock()
    await put(scene, topic, 1, 2, 3)
    strict = Registry([on(NAME, notes, cls=Strict)])
    scene.serializer = AvroEventSerializer(registry=strict, schemas_folder=schemas)
    consumer = await scene.begin(notes, topic, group=topic, clock=clock)
    found = rf"Strict doesn't take this {NAME} \(ValueError\('n must be odd'\)\)"
    with pytest.raises(HandlerError, match=rf"^{topic}\[0\] offset 1: .*can't be decoded: {found}"):
        await ended(consumer)
    assert notes.numbers == [1]
    assert clock.waits == []


@pytest.mark.parametrize("on_exhausted", PASSING_ON)
@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
@pytest.mark.usefixtures("avro")
async def test_undecodable_message_that_is_passed_on_stops_neither_its_partition_nor_others(
    scene: Scene, poison: Poison, on_exhausted: str
) -> None:
    topic, notes, clock = await scene.topic(partitions=2), Notes(), HastyClock()
    await put(scene, topic, 1)
    await scene.backend.put(topic, poison.value, key=b"k")
    await put(scene, topic, 3)
    await put(scene, topic, 4, 5, partition=1)
    await scene.consume(notes, topic, group=topic, clock=clock, on_exhausted=on_exhausted)
    await scene.until_committed(topic, topic, {0: 3, 1: 2})
    assert [number for number in notes.numbers if number <= 3] == [1, 3]
    assert [number for number in notes.numbers if number > 3] == [4, 5]
    assert clock.waits == []
    await put(scene, topic, 6)  # and goes on
    await until(lambda: notes.numbers[-1] == 6)


@pytest.mark.parametrize("on_exhausted", PASSING_ON)
@pytest.mark.usefixtures("avro")
async def test_tombstone_that_is_passed_on_stops_neither_its_partition_nor_others(
    scene: Scene, on_exhausted: str
) -> None:
    topic, notes = await scene.topic(partitions=2), Notes()

    async def fail(event: BaseEvent) -> None:
        raise ValueError("broken")

    await scene.backend.put(topic, None, key=b"gone")
    await put(scene, topic, 1)
    await put(scene, topic, 2, partition=1)
    await scene.consume(
        dispatching(on(NAME, notes), on(topic, fail, tombstones=True)),
        topic,
        group=topic,
        max_retries=1,
        clock=HastyClock(),
        on_exhausted=on_exhausted,
    )
    await scene.until_committed(topic, topic, {0: 2, 1: 1})
    assert sorted(notes.numbers) == [1, 2]
