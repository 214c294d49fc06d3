"""Handlers that hang."""

import asyncio
import logging
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import DeadLetter
from eventy.testing.clock import VirtualClock
from eventy.testing.conformance.scene import Notes, Scene, failing, port_of, until

LOGGER = "eventy.consumer.stalls"


async def pass_time(clock: VirtualClock, seconds: float) -> None:
    """Move a clock on, and let everybody look at it."""
    clock.advance(seconds)
    for _ in range(20):
        await Clock().sleep(0)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_handler_that_hangs_is_named_by_readiness_and_logged_once_with_where_it_is(
    scene: Scene, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    caplog.set_level(logging.ERROR, LOGGER)
    topic, clock, going_on = await scene.topic(), VirtualClock(), asyncio.Event()

    async def wait_in_vain(event: BaseEvent, context: Context) -> None:
        await going_on.wait()

    notes = Notes(wait_in_vain)
    options: dict[str, Any] = {"stall_timeout": 60_000, "concurrency": concurrency}
    consumer = await scene.consume(notes, topic, group="g", clock=clock, **options)
    await scene.put(topic, 0)
    await notes.until(1)
    await pass_time(clock, 59)
    assert consumer.readiness() is None
    assert not caplog.records
    for _ in range(8):
        await pass_time(clock, 15)
    assert consumer.readiness() == f"handlers that hang: {topic}[0] offset 0 for 179 s"
    (record,) = caplog.records
    assert f"the handlers of {topic}[0] offset 0 have run for" in record.getMessage()
    assert "in wait_in_vain\n" in record.getMessage()
    going_on.set()
    await scene.until_committed("g", topic, {0: 1})
    await until(lambda: consumer.readiness() is None)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_handler_whose_letter_waits_for_the_broker_does_not_hang(
    scene: Scene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    caplog.set_level(logging.ERROR, LOGGER)
    topic, clock, writing, answered = await scene.topic(), VirtualClock(), asyncio.Event(), asyncio.Event()
    options: dict[str, Any] = {"stall_timeout": 60_000, "concurrency": concurrency, "on_exhausted": "dead_letter"}
    consumer = await scene.consume(failing(1), topic, group="g", clock=clock, max_retries=0, **options)
    write = port_of(consumer).write_letter

    async def write_late(letter: DeadLetter) -> None:
        writing.set()
        await answered.wait()
        await write(letter)

    monkeypatch.setattr(port_of(consumer), "write_letter", write_late)
    await scene.put(topic, 1)
    await writing.wait()
    for _ in range(8):
        await pass_time(clock, 15)
    assert consumer.readiness() is None
    assert not [record for record in caplog.records if record.name == LOGGER]
    answered.set()
    await scene.until_committed("g", topic, {0: 1})
