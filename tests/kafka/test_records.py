"""The client's records are ours, without a copy."""

from eventy.message.record import Record, TopicPartition
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import encoded


async def test_records_of_the_client_keep_the_protocol(scene: Scene) -> None:
    topic, notes = await scene.topic(), Notes()
    await scene.backend.put(topic, encoded(), key=b"k", headers=[("name", b"value")])
    await scene.consume(notes, topic)
    await until(lambda: bool(notes.contexts))
    record = notes.contexts[0].record
    for name, kind in {"topic": str, "partition": int, "offset": int, "timestamp": int, "key": bytes}.items():
        assert isinstance(getattr(record, name), kind), name
    assert {name for name in vars(Record) if isinstance(vars(Record)[name], property)} <= set(dir(record))
    assert record.value == encoded()
    assert list(record.headers) == [("name", b"value")]
    assert TopicPartition(record.topic, record.partition) == (topic, 0)
