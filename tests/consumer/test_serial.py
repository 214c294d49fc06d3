"""One message after the other: what needs no broker to be seen."""

from collections import Counter

import pytest

from tests.conformance.scene import Scene, failing, port_of, until


async def test_partition_whose_message_waits_for_its_retry_is_not_fetched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, notes, fetched = await scene.topic(partitions=2), failing(0), Counter[int]()
    consumer = await scene.consume(notes, topic, group="g", retry_interval=60_000)
    fetch = port_of(consumer).fetch

    async def counted() -> object:
        found = await fetch()
        fetched.update(partition.partition for partition in found)
        return found

    await scene.put(topic, 0)
    await until(lambda: consumer.counts.retried == 1)
    monkeypatch.setattr(port_of(consumer), "fetch", counted)
    for number in range(1, 5):  # the fetch under way isn't counted, those after it are
        await scene.put(topic, number)
        await scene.put(topic, 10 + number, partition=1)
        await notes.until(1 + number)
    assert notes.numbers == [0, 11, 12, 13, 14]
    assert list(fetched) == [1]


async def test_message_that_fails_again_and_again_without_a_wait_leaves_the_loop_to_others(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0)
    await scene.put(topic, 0)
    consumer = await scene.begin(notes, topic, group="g", retry_interval=0, max_retries=1_000_000_000)
    await notes.until(10)
    await scene.give_up(consumer)
    assert len(notes.numbers) < 1_000
