"""What has been fetched ahead of a partition."""

import asyncio
from collections.abc import Sequence

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.backlog import Backlog
from eventy.consumer.memory import MemoryPort
from eventy.consumer.subscription import Subscription
from eventy.message.record import ProducerRecord, Record, TopicPartition
from eventy.testing.conformance.scene import DEADLINE

ONE, OTHER = TopicPartition("topic", 0), TopicPartition("topic", 1)


class Fetched:
    """Two partitions of a real port; the backlog is that of the first, the other is read as it is."""

    def __init__(self) -> None:
        self._broker = MemoryBroker(clock=Clock())
        self._broker.create_topic("topic", 2)
        self._port = MemoryPort(self._broker, Subscription.of(["topic"]), None)
        self._port.seek(OTHER, 0)
        self.backlog = Backlog(ONE, self._port, asyncio.Event())

    async def next(self) -> Sequence[Record] | None:
        """Put a record into each partition, and return what is fetched of the backlog's; None: nothing."""
        for partition in (ONE, OTHER):
            self._broker.append(ProducerRecord("topic", None, b"", ()), partition=partition.partition)
        async with Clock().timeout(DEADLINE):
            batches = await self._port.fetch()
        assert batches[OTHER]
        return batches.get(ONE)


def offsets(records: Sequence[Record] | None) -> list[int]:
    return [record.offset for record in records or ()]


async def test_batch_that_comes_before_the_position_is_known_is_dropped() -> None:
    fetched = Fetched()
    fetched.backlog.begin(0)
    early = await fetched.next()
    assert early is not None
    again = Backlog(ONE, fetched._port, asyncio.Event())  # of the next assignment, before it has found its position
    again.offer(early)
    assert again.take() is None
    again.begin(0)
    batch = await fetched.next()  # the seek brings it again
    assert offsets(batch) == [0, 1]


async def test_partition_is_paused_when_two_batches_wait_and_goes_on_when_one_is_taken() -> None:
    fetched = Fetched()
    fetched.backlog.begin(0)
    for _ in range(2):
        batch = await fetched.next()
        assert batch is not None
        fetched.backlog.offer(batch)
    assert await fetched.next() is None
    assert offsets(fetched.backlog.take()) == [0]
    assert offsets(await fetched.next()) == [2, 3]
