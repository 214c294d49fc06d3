"""A partition that is worked on serially: what needs no broker to be seen."""

import logging
from collections.abc import Iterator
from itertools import pairwise

import pytest

from eventy.clock import Clock
from eventy.errors import Unretryable
from tests.conformance.scene import Notes, Scene, failing


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of failures in the log would take longer than the test."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def most_between_turns(notes: Notes, count: int) -> int:
    """Return how often a handler was called at most while nobody else had a turn of the loop."""
    turns = [0]
    while len(notes.numbers) < count:
        await Clock().sleep(0)
        turns.append(len(notes.numbers))
    return max(after - before for before, after in pairwise(turns))


async def test_retries_without_a_wait_leave_the_loop_to_others(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(0, times=1_000)
    await scene.put(topic, 0)
    await scene.begin(notes, topic, group="g", max_retries=1_000, retry_interval=0)
    assert await most_between_turns(notes, 1_001) < 10


async def test_messages_that_are_passed_over_leave_the_loop_to_others(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(*range(1_000), error=Unretryable)
    await scene.put(topic, *range(1_000))
    await scene.begin(notes, topic, group="g", on_exhausted="skip")
    assert await most_between_turns(notes, 1_000) < 10
