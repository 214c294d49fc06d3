"""Handlers that hang are noticed: nothing else would be wrong with the process."""

from __future__ import annotations

import asyncio
import logging

import pytest

from eventy.clock import Clock
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until

both_ways = pytest.mark.parametrize("concurrency", [1, 3])


class Hanging:
    """A handler that hangs in the calls that it is told of, a few calls deep."""

    def __init__(self, *numbers: int) -> None:
        self.may_return = asyncio.Event()
        self.notes = Notes(self._handle)
        self._numbers = numbers

    async def _handle(self, event: BaseEvent, context: Context) -> None:
        if event.data["n"] in self._numbers:
            await self._ask_a_server_that_never_answers()

    async def _ask_a_server_that_never_answers(self) -> None:
        await self.may_return.wait()  # here it hangs


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@both_ways
async def test_handler_that_hangs_shows_in_readiness_and_once_in_the_log_until_it_returns(
    scene: Scene, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    topic, handler = await scene.topic(partitions=2), Hanging(1)
    await scene.put(topic, 0, 1, 2, partition=1)
    consumer = await scene.begin(handler.notes, topic, group=topic, stall_timeout=40, concurrency=concurrency)
    where = f"{topic}[1] offset 1"
    await until(lambda: where in str(consumer.readiness()), lambda: f"{where} in {consumer.readiness()}")
    await until(lambda: bool(errors(caplog)))
    (said,) = errors(caplog)
    assert where in said
    assert "await self.may_return.wait()  # here it hangs" in said
    # Others go on, long enough for several looks at the one that hangs.
    for number in range(10, 20):
        await scene.put(topic, number, partition=0)
        await until(lambda number=number: number in handler.notes.numbers)  # type: ignore[misc]  # a default binds it
        await Clock().sleep(0.01)
    assert errors(caplog) == [said]
    handler.may_return.set()
    await scene.until_committed(topic, topic, {0: 10, 1: 3})
    assert consumer.readiness() is None
    assert errors(caplog) == [said]


@both_ways
async def test_each_message_that_hangs_is_told_of(
    scene: Scene, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    topic, handler = await scene.topic(partitions=2), Hanging(0, 1)
    await scene.put(topic, 0)
    await scene.put(topic, 1, partition=1)
    await scene.begin(handler.notes, topic, group=topic, stall_timeout=20, concurrency=concurrency)
    await until(lambda: len(errors(caplog)) == 2)
    assert [
        partition for partition in (0, 1) for said in errors(caplog) if f"{topic}[{partition}] offset 0" in said
    ] == [0, 1]
    handler.may_return.set()


@both_ways
async def test_retry_that_waits_does_not_hang(scene: Scene, concurrency: int) -> None:
    topic, tried = await scene.topic(), asyncio.Event()

    async def fail(event: BaseEvent, context: Context) -> None:
        tried.set()
        raise OSError("not yet")

    await scene.put(topic, 0)
    consumer = await scene.consume(
        fail, topic, group=topic, stall_timeout=10, retry_interval=60_000, concurrency=concurrency
    )
    await tried.wait()
    said = set()
    for _ in range(20):
        await Clock().sleep(0.002)
        said.add(consumer.readiness())
    assert said == {None}
