"""What is said of the partitions that a consumer has."""

import logging

import pytest

from eventy.testing.conformance.scene import Notes, Scene


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [(2, "{other}[0], {topic}[0], {topic}[1]"), (100, "1 partition of {other}, 100 partitions of {topic}")],
)
async def test_many_partitions_are_counted_instead_of_named(
    scene: Scene, caplog: pytest.LogCaptureFixture, partitions: int, expected: str
) -> None:
    caplog.set_level(logging.INFO, "eventy.consumer.assignment")
    topic, other = await scene.topic("topic", partitions), await scene.topic("another")
    consumer = await scene.consume(Notes(), topic, other, group="g")
    assert f"{consumer.name}: assigned {expected.format(topic=topic, other=other)}" in caplog.messages
