"""What is promised to who sends outside a handler."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner

from eventy.errors import EncodeError, RecordTooLargeError, SendError
from eventy.event.base import BaseEvent
from eventy.testing.conformance.scene import Scene, headers
from eventy.testing.conformance.serializer import NAME, JsonSerializer, event


async def test_key_decides_the_partition_as_it_does_for_kafka_clients(scene: Scene) -> None:
    topic, emitter = await scene.topic(partitions=7), await scene.emitter()
    keys = [f"clé-{number}" for number in range(60)]
    await emitter.send_many(map(event, range(60)), topic, key=lambda sent: keys[sent.data["n"]])
    await emitter.send(event(60), topic, key=b"\xff\x00")
    expected = DefaultPartitioner()
    for record in await scene.records(topic, 61):
        assert record.partition == expected(record.key, list(range(7)), list(range(7)))


async def test_events_without_a_key_spread_over_the_partitions(scene: Scene) -> None:
    topic, emitter = await scene.topic(partitions=3), await scene.emitter()
    await asyncio.gather(*(emitter.send(event(number), topic) for number in range(60)))
    records = await scene.records(topic, 60)
    assert {record.partition for record in records} == {0, 1, 2}
    assert {record.key for record in records} == {None}


async def test_send_many_keeps_the_order_of_a_key(scene: Scene) -> None:
    topic, emitter = await scene.topic(partitions=3), await scene.emitter()
    await emitter.send_many(map(event, range(500)), topic, key=lambda sent: str(sent.data["n"] % 10))
    numbers: dict[bytes | None, list[int]] = {}
    for record in await scene.records(topic, 500):
        numbers.setdefault(record.key, []).append(JsonSerializer().decode(record.value or b"").data["n"])
    assert [numbers[str(key).encode()] for key in range(10)] == [list(range(key, 500, 10)) for key in range(10)]


async def test_send_returns_when_the_event_can_be_read(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    for count in range(1, 6):
        await emitter.send(event(count), topic)
        assert len(await scene.backend.records(topic)) == count


async def test_headers_follow_cloudevents(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(correlation_id="order-1"), topic)
    await emitter.send(event(), topic)
    first, second = map(headers, await scene.records(topic, 2))
    assert first["ce_specversion"] == b"1.0"
    assert first["ce_type"] == NAME.encode()
    assert first["ce_source"] == b"eventy"
    assert datetime.fromisoformat(first["ce_time"].decode()).tzinfo is not None
    assert first["content-type"] == b"application/json"
    assert first["ce_correlationid"] == b"order-1"
    assert "ce_causationid" not in first
    assert first["ce_id"] != second["ce_id"]
    assert second["ce_correlationid"] != b""


async def test_headers_of_the_user_travel_along(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send(event(), topic, headers={"tenant": "éts", "raw": b"\xff"})
    (record,) = await scene.records(topic, 1)
    assert headers(record)["tenant"] == "éts".encode()
    assert headers(record)["raw"] == b"\xff"


async def test_headers_of_cloudevents_cannot_be_set(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    with pytest.raises(SendError, match="ce_id"):
        await emitter.send(event(), topic, headers={"ce_id": "mine"})
    assert not await scene.backend.records(topic)


async def test_name_that_no_topic_can_have_is_refused_at_once(scene: Scene) -> None:
    emitter = await scene.emitter()
    names: list[Any] = ["a topic", "", "x" * 250, "..", None, ["topic"]]
    for name in names:
        with pytest.raises(SendError, match=r"'test.Happened' was sent to .*, which can't be the name of a topic"):
            await emitter.send(event(), name)


async def test_oversize_is_refused_and_the_next_send_succeeds(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    with pytest.raises(RecordTooLargeError, match="1048576"):
        await emitter.send(event(padding="x" * 1_048_576), topic)
    await emitter.send(event(), topic)
    await scene.records(topic, 1)


async def test_send_many_leaves_the_loop_to_others_while_it_encodes(scene: Scene) -> None:
    topic, emitter, encoded, turns = await scene.topic(), await scene.emitter(), [0], [0]

    def count(_: BaseEvent) -> None:
        encoded[0] += 1

    sending = asyncio.create_task(emitter.send_many(map(event, range(2_000)), topic, key=count))
    while encoded[0] < 2_000:
        await asyncio.sleep(0)
        turns.append(encoded[0])
    assert max(after - before for before, after in pairwise(turns)) <= 500
    await sending
    await scene.records(topic, 2_000)


async def test_send_many_sends_nothing_when_one_cannot_be_encoded(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    with pytest.raises(EncodeError):
        await emitter.send_many([event(1), event(2, bad=object())], topic)
    assert not await scene.backend.records(topic)
