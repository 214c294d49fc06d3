"""Handlers that block the event loop."""

import asyncio

import pytest

from eventy.clock import Clock
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look a hundred times as often."""
    monkeypatch.setattr("eventy.consumer.blocks._LOOK", 0.01)
    monkeypatch.setattr("eventy.consumer.blocks._LATE", 0.2)


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("ending", ["returns", "raises", "waits"])
async def test_handler_that_blocks_the_loop_is_named_afterwards(
    scene: Scene, caplog: pytest.LogCaptureFixture, ending: str, concurrency: int
) -> None:
    topic, going_on = await scene.topic(), asyncio.Event()

    async def block_the_second(event: BaseEvent, _: Context) -> None:
        if event.data["n"] != 2:
            return
        until_then = Clock().monotonic() + 0.4
        while Clock().monotonic() < until_then:
            pass
        if ending == "raises":
            raise ValueError("after a while")
        if ending == "waits":
            await going_on.wait()

    consumer = await scene.consume(
        Notes(block_the_second), topic, group="g", concurrency=concurrency, max_retries=0, on_exhausted="skip"
    )
    await scene.put(topic, 1, 2, 3, key=b"k")
    await until(lambda: "was blocked" in caplog.text)
    (said,) = [message for message in caplog.messages if "was blocked" in message]
    assert said.startswith(f"{consumer.name}: the event loop was blocked for 0.")
    assert f"s while the handler of {topic}[0] offset 1 ran. " in said
    going_on.set()
    await scene.until_committed("g", topic, {0: 3})


async def test_handler_that_waits_blocks_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    topic = await scene.topic()

    longest = 0.0  # seconds that the machine itself has held the loop up

    async def wait(_: BaseEvent, __: Context) -> None:
        nonlocal longest
        began = now = Clock().monotonic()
        while now < began + 0.3:
            await Clock().sleep(0.01)
            longest, now = max(longest, Clock().monotonic() - now), Clock().monotonic()

    await scene.consume(Notes(wait), topic, group="g")
    await scene.put(topic, 1)
    await scene.until_committed("g", topic, {0: 1})
    assert "was blocked" not in caplog.text or longest > 0.1
