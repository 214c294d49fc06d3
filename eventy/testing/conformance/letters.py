"""Dead letters arrive as they are, beside the messages that they were."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

from eventy.broker.partitioner import partition_of
from eventy.consumer.port import Port
from eventy.handler.dead_letter import dead_letter
from eventy.message.record import Header, Record
from eventy.testing.conformance.scene import Notes, Scene, headers, port_of
from eventy.testing.conformance.serializer import encoded


async def port_to(scene: Scene, topic: str) -> Port:
    """Return the port of a reader of a topic; its handler is of no account."""
    return port_of(await scene.consume(Notes(), topic, position="latest"))


async def put_one(
    scene: Scene,
    topic: str,
    value: bytes | None = b"value",
    *,
    partition: int = 0,
    key: bytes | None = b"key",
    headers: Sequence[Header] = (),
) -> Record:
    """Return a record that another client has put into a topic."""
    await scene.backend.put(topic, value, partition=partition, key=key, headers=headers)
    return [record for record in await scene.backend.records(topic) if record.partition == partition][-1]


async def write(port: Port, record: Record) -> None:
    await port.write_letter(dead_letter(record, ValueError("bad"), group="group", suffix="-dlt"))


async def test_letter_has_the_bytes_and_the_headers_of_its_message(scene: Scene) -> None:
    topic = await scene.topic()
    port = await port_to(scene, topic)
    came = [("b", b"1"), ("a", b"\xff"), ("b", b"2")]
    odd = [(key, value) for key in (b"\xff\x00", b"", None) for value in (b"\xfe\x00", b"", None)]
    for key, value in odd:
        await write(port, await put_one(scene, topic, value, key=key, headers=came))
    letters = await scene.records(f"{topic}-dlt", len(odd))
    assert [(letter.key, letter.value) for letter in letters] == odd
    for letter in letters:
        assert list(letter.headers[:3]) == came
        assert headers(letter)["kafka_dlt-original-topic"] == topic.encode()
        assert headers(letter)["kafka_dlt-exception-message"] == b"bad"


async def test_header_without_a_value_stays_one(scene: Scene) -> None:
    topic = await scene.topic()
    port = await port_to(scene, topic)
    came = [("none", None), ("empty", b"")]
    await write(port, await put_one(scene, topic, headers=came))
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert list(letter.headers[:2]) == came


async def test_missing_topic_is_made_with_the_partitions_of_the_messages_topic(scene: Scene) -> None:
    topic = await scene.topic(partitions=6)
    port = await port_to(scene, topic)
    await write(port, await put_one(scene, topic, partition=5))
    assert await scene.backend.partitions(f"{topic}-dlt") == 6
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert letter.partition == 5


async def test_letters_of_all_partitions_are_written_side_by_side_each_to_its_own(scene: Scene) -> None:
    topic = await scene.topic(partitions=6)
    port = await port_to(scene, topic)
    records = [await put_one(scene, topic, b"%d" % number, partition=number % 6) for number in range(60)]
    await asyncio.gather(*(write(port, record) for record in records))
    letters = await scene.records(f"{topic}-dlt", 60)
    assert all(int(letter.value or b"") % 6 == letter.partition for letter in letters)
    assert {letter.value for letter in letters} == {record.value for record in records}


async def test_letters_that_are_written_one_after_another_keep_their_order(scene: Scene) -> None:
    topic = await scene.topic()
    port = await port_to(scene, topic)
    for number in range(20):
        await write(port, await put_one(scene, topic, b"%d" % number))
    letters = await scene.records(f"{topic}-dlt", 20)
    assert [letter.value for letter in letters] == [b"%d" % number for number in range(20)]


async def test_two_consumers_write_the_first_letter_at_once(scene: Scene) -> None:
    topic = await scene.topic(partitions=3)
    ports = [await port_to(scene, topic) for _ in range(2)]
    records = [await put_one(scene, topic, partition=number) for number in range(2)]
    await asyncio.gather(*(write(port, record) for port, record in zip(ports, records, strict=True)))
    assert await scene.backend.partitions(f"{topic}-dlt") == 3
    await scene.records(f"{topic}-dlt", 2)


async def test_topic_that_is_there_stays_as_it_is_and_its_partitions_are_for_keys_beyond_them(scene: Scene) -> None:
    topic = await scene.topic(partitions=6)
    await scene.backend.create_topic(f"{topic}-dlt", 2)
    port = await port_to(scene, topic)
    keys = [b"key-%d" % number for number in range(10)]
    at_home = 1 - partition_of(keys[0], 2)
    await write(port, await put_one(scene, topic, b"at home", key=keys[0], partition=at_home))
    await asyncio.gather(*[write(port, await put_one(scene, topic, key=key, partition=5)) for key in (*keys, None)])
    letters = await scene.records(f"{topic}-dlt", 12)
    assert await scene.backend.partitions(f"{topic}-dlt") == 2
    assert [letter.partition for letter in letters if letter.value == b"at home"] == [at_home]
    keyed = {letter.key: letter.partition for letter in letters if letter.key and letter.value != b"at home"}
    assert keyed == {key: partition_of(key, 2) for key in keys}


async def test_letter_larger_than_a_request_of_ours_is_written(scene: Scene) -> None:
    topic = await scene.topic(configs={"max.message.bytes": "3000000"})
    port = await port_to(scene, topic)
    value = bytes(range(256)) * 8_192
    await write(port, await put_one(scene, topic, value))
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert letter.value == value


async def test_letter_that_dies_again_goes_to_a_topic_of_its_own(scene: Scene) -> None:
    topic = await scene.topic(partitions=2)
    port = await port_to(scene, topic)
    await write(port, await put_one(scene, topic, partition=1, headers=[("ce_id", b"m1")]))
    (first,) = await scene.records(f"{topic}-dlt", 1)
    again = await port_to(scene, f"{topic}-dlt")
    await write(again, first)
    (second,) = await scene.records(f"{topic}-dlt-dlt", 1)
    names = [name for name, _ in second.headers]
    assert (second.partition, second.key, second.value) == (1, b"key", b"value")
    assert headers(second)["ce_id"] == b"m1"
    assert headers(second)["kafka_dlt-original-topic"] == f"{topic}-dlt".encode()
    assert struct.unpack(">q", headers(second)["kafka_dlt-original-offset"]) == (0,)
    assert len(names) == len(set(names))


async def test_member_of_a_group_writes_letters_and_its_group_goes_on(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    port = port_of(await scene.consume(notes, topic, group=topic))
    await write(port, await put_one(scene, topic, encoded(1)))
    await scene.records(f"{topic}-dlt", 1)
    await scene.backend.put(topic, encoded(2))
    await scene.until_committed(topic, topic, {0: 2})
    assert notes.numbers == [1, 2]
