"""Who is told that everything is read up to its checkpoint, and when."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from eventy.clock import Clock
from eventy.consumer.checkpoints import Checkpoints
from eventy.message.record import TopicPartition
from eventy.testing.conformance.scene import until

ONE, TWO = TopicPartition("topic", 1), TopicPartition("topic", 2)


class Watch:
    """Checkpoints, and what they have called."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.calls = 0
        self.checkpoints = Checkpoints(self.failures.append)
        self.checkpoints.set_callback(self._called)

    def _called(self) -> None:
        self.calls += 1

    async def count(self) -> int:
        """Return how often it was called, when every call there is has been made."""
        for _ in range(5):
            await Clock().sleep(0)
        return self.calls


@pytest_asyncio.fixture
async def watch() -> AsyncIterator[Watch]:
    watch = Watch()
    yield watch
    await watch.checkpoints.stop()
    assert not watch.failures


async def test_partition_whose_checkpoint_is_not_known_yet_is_waited_for(watch: Watch) -> None:
    watch.checkpoints.assigned([ONE])
    watch.checkpoints.reached(ONE, 100)
    assert await watch.count() == 0
    watch.checkpoints.aim(ONE, 5)
    watch.checkpoints.reached(ONE, 4)
    assert await watch.count() == 0
    watch.checkpoints.reached(ONE, 5)
    assert await watch.count() == 1


async def test_every_partition_is_waited_for_and_the_call_comes_once(watch: Watch) -> None:
    watch.checkpoints.assigned([ONE, TWO])
    for partition in (ONE, TWO):
        assert await watch.count() == 0
        watch.checkpoints.aim(partition, 1)
        watch.checkpoints.reached(partition, 7)
    assert await watch.count() == 1
    watch.checkpoints.revoked([ONE, TWO])
    watch.checkpoints.assigned([ONE])
    watch.checkpoints.aim(ONE, 9)
    watch.checkpoints.reached(ONE, 9)
    assert await watch.count() == 1


async def test_partition_that_is_taken_away_is_waited_for_no_more(watch: Watch) -> None:
    watch.checkpoints.assigned([ONE, TWO])
    watch.checkpoints.aim(ONE, 1)
    watch.checkpoints.reached(ONE, 1)
    watch.checkpoints.revoked([ONE, TWO])
    assert await watch.count() == 0  # between two assignments nothing is known
    watch.checkpoints.assigned([])
    assert await watch.count() == 1


async def test_partition_that_has_moved_away_does_not_count_when_its_worker_still_speaks(watch: Watch) -> None:
    watch.checkpoints.assigned([ONE, TWO])
    watch.checkpoints.revoked([ONE])
    watch.checkpoints.aim(ONE, 1)
    watch.checkpoints.reached(ONE, 1)
    assert watch.checkpoints.missing() == (TWO,)


async def test_callback_that_still_runs_is_ended_at_stop() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def take_long() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    failures: list[BaseException] = []
    checkpoints = Checkpoints(failures.append)
    checkpoints.set_callback(take_long)
    checkpoints.assigned([])
    await begun.wait()
    await checkpoints.stop()
    assert ended.is_set()
    assert not failures


async def test_callback_that_raises_is_told_of() -> None:
    failures: list[BaseException] = []
    checkpoints = Checkpoints(failures.append)

    def fail() -> None:
        raise LookupError("a bug")

    checkpoints.assigned([])
    checkpoints.set_callback(fail)
    await until(lambda: bool(failures))
    assert isinstance(failures[0], LookupError)
