"""What is done with a partition's messages: what needs no broker to be seen."""

from __future__ import annotations

from typing import Any

import pytest

from eventy.errors import BrokerUnavailableError, TransactionError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, deliveries_of
from eventy.testing.conformance.serializer import event

SLICE = (
    ". If the broker is reached, 4 sends at once are too many for it: lower EVENTY_CONSUMER_SLICE_MESSAGES, which is "
    "500, or EVENTY_CONSUMER_SLICE_TIME, which is 70"
)
MESSAGE = ". If the broker is reached, the 4 sends of one message are too many for it: send less"


@pytest.mark.parametrize("error", [BrokerUnavailableError("no answer"), TransactionError("too late")])
@pytest.mark.parametrize(("messages", "sends", "advice"), [(2, 2, SLICE), (1, 4, MESSAGE), (1, 1, "")])
async def test_sends_that_are_written_again_and_again_are_told_to_be_too_many(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    error: Exception,
    messages: int,
    sends: int,
    advice: str,
) -> None:
    topic, out, emitter, tries = await scene.topic(), await scene.topic("out"), await scene.emitter(), 0

    async def send(_: BaseEvent, __: Context) -> None:
        await emitter.send_many([event()] * sends, out)

    async def fail_at_first(*args: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= 4:
            raise error
        await write(*args)

    notes = Notes(send)
    options: dict[str, Any] = {"delivery": "exactly_once", "slice_messages": 500, "slice_time": 70}
    consumer = await scene.consume(notes, topic, group="g", clock=HastyClock(), **options)
    (delivery,) = deliveries_of(consumer)
    write = delivery.write
    monkeypatch.setattr(delivery, "write", fail_at_first)
    await scene.put(topic, *range(messages))
    await scene.until_committed("g", topic, {0: messages})
    said = [message for message in caplog.messages if "not acknowledged" in message]
    first = f"{topic}[0]: sends not acknowledged, writing them again: {error}"
    assert said == [first, first, first + advice, first + advice]
    assert len(notes.numbers) == messages
