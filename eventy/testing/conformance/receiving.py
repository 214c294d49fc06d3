"""What a handler is told about its message."""

from __future__ import annotations

import pytest

from eventy.message.record import Header
from eventy.testing.conformance.scene import Notes, Scene
from eventy.testing.conformance.serializer import encoded, event


async def test_key_headers_place_and_time_arrive(scene: Scene) -> None:
    topic, emitter, notes = await scene.topic(partitions=2), await scene.emitter(), Notes()
    await scene.consume(notes, topic)
    before = scene.clock.now_ms()
    await emitter.send(event(7), topic, key="account-1", headers={"tenant": "a"})
    await notes.until(1)
    (context,) = notes.contexts
    (record,) = await scene.records(topic, 1)
    assert notes.numbers == [7]
    assert (context.topic, context.partition, context.offset) == (topic, record.partition, 0)
    assert context.key == b"account-1"
    assert before - 1000 < context.timestamp < before + 10_000
    assert ("tenant", b"a") in context.headers
    assert (context.attempt, context.is_replaying) == (1, False)


async def test_record_without_headers_is_known_by_its_place(scene: Scene) -> None:
    topic, notes = await scene.topic(partitions=2), Notes()
    for number in range(2):
        await scene.backend.put(topic, encoded(number), partition=1)
    await scene.consume(notes, topic)
    await notes.until(2)
    assert [context.message_id for context in notes.contexts] == [f"{topic}-1-0", f"{topic}-1-1"]
    assert [context.corr_id for context in notes.contexts] == [f"{topic}-1-0", f"{topic}-1-1"]
    assert [context.causation_id for context in notes.contexts] == [None, None]


@pytest.mark.parametrize(
    ("headers", "data", "corr_id"),
    [
        ([("ce_id", b"m1"), ("ce_correlationid", b"header")], {"correlation_id": "data"}, "header"),
        ([("ce_id", b"m1")], {"correlation_id": "data"}, "data"),
        ([("ce_id", b"m1"), ("ce_correlationid", b"")], {"correlation_id": ""}, "m1"),
        ([("ce_id", b"m1")], {"correlation_id": 5}, "m1"),
    ],
)
async def test_correlation_id_is_the_headers_else_the_datas_else_the_messages(
    scene: Scene, headers: list[Header], data: dict[str, object], corr_id: str
) -> None:
    topic, notes = await scene.topic(), Notes()
    await scene.backend.put(topic, encoded(0, **data), headers=headers)
    await scene.consume(notes, topic)
    await notes.until(1)
    assert notes.contexts[0].corr_id == corr_id
    assert notes.contexts[0].message_id == "m1"
