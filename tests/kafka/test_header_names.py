"""Header names that are no UTF-8, which other languages' clients may write: the broker doesn't look at them."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from eventy.errors import HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene
from eventy.testing.conformance.serializer import encoded


class NoText(str):
    """A header's name whose bytes are no text."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"na\xff\xfeme"


async def put_batch(backend: KafkaBackend, topic: str, *headers: str, codec: int) -> None:
    """Append one batch of records, each with a header of this name. The client's compiled writer refuses subclasses."""
    producer = await backend._client(AIOKafkaProducer)
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, 0, 1_000_000)
    for number, name in enumerate(headers):
        batch.append(key=b"k", value=encoded(number), timestamp=None, headers=[(name, b"value"), ("ce_id", b"m")])
    await (await producer.send_batch(batch, topic, partition=0))


@pytest.mark.parametrize("codec", [0, 1], ids=["uncompressed", "gzip"])
async def test_header_name_that_is_no_utf8_does_no_harm(scene: Scene, backend: KafkaBackend, codec: int) -> None:
    topic, notes = await scene.topic(partitions=2), Notes()
    await put_batch(backend, topic, "before", NoText("x"), "after", codec=codec)
    await put_batch(backend, topic, "later", codec=codec)
    await backend.put(topic, encoded(4), partition=1)
    await scene.consume(notes, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 4, 1: 1})
    ours = [context for context in notes.contexts if context.partition == 0]
    assert [name for context in ours for name, value in context.headers if value == b"value"] == [
        "before",
        "na\ufffd\ufffdme",
        "after",
        "later",
    ]
    assert [context.offset for context in ours] == [0, 1, 2, 3]
    assert {(context.message_id, context.key) for context in ours} == {("m", b"k")}
    assert len(notes.numbers) == 5


async def test_consumer_that_begins_within_such_a_batch_gets_the_rest_of_it(
    scene: Scene, backend: KafkaBackend
) -> None:
    topic, rest = await scene.topic(), Notes()

    async def fail_the_second(event: BaseEvent, context: Context) -> None:
        if context.offset == 1:
            raise ValueError("broken")

    await put_batch(backend, topic, NoText("x"), "good", NoText("x"), codec=0)
    consumer = await scene.begin(fail_the_second, topic, group=topic, max_retries=0)
    with pytest.raises(HandlerError):
        await consumer.wait()
    with pytest.raises(HandlerError):
        await consumer.stop()
    await scene.consume(rest, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 3})
    assert [context.offset for context in rest.contexts] == [1, 2]
