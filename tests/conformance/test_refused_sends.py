"""What becomes of messages whose sends the broker refuses: the in-process one refuses nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from eventy.consumer.counts import Counts
from eventy.errors import HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.exhaustion import both_ways, passing_over
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, ended
from eventy.testing.conformance.serializer import encoded, event

# The broker takes no record of this size in such a topic, though the emitter sends it.
_SMALL: Mapping[str, str] = {"max.message.bytes": "2000"}
_PADDING = "x" * 4_000


@pytest.mark.parametrize("backend", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True)
@both_ways
@passing_over
async def test_message_whose_sends_are_refused_is_given_up_alone(
    scene: Scene, on_exhausted: str, concurrency: int
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out", configs=_SMALL), await scene.emitter()

    async def send_too_much_in_the_third(sent: BaseEvent, context: Context) -> None:
        padding = _PADDING if sent.data["n"] == 3 else ""
        await emitter.send(event(sent.data["n"], padding=padding), out)

    await emitter.send_many(map(event, range(1, 7)), topic)
    options: dict[str, Any] = {"on_exhausted": on_exhausted, "max_retries": 1, "concurrency": concurrency}
    consumer = await scene.consume(Notes(send_too_much_in_the_third), topic, group=topic, clock=HastyClock(), **options)
    await scene.until_committed(topic, topic, {0: 6})
    sent = {record.value for record in await scene.backend.records(out)}
    assert sent == {encoded(number, padding="") for number in (1, 2, 4, 5, 6)}
    letters = int(on_exhausted == "dead_letter")
    assert consumer.counts == Counts(handled=5, dead_lettered=letters, skipped=1 - letters)
    if letters:
        (letter,) = await scene.records(f"{topic}-dlt", 1)
        assert letter.value == encoded(3)


@pytest.mark.parametrize("backend", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True)
@both_ways
async def test_sends_that_are_refused_stop_the_consumer_if_that_is_set(scene: Scene, concurrency: int) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out", configs=_SMALL), await scene.emitter()

    async def send_too_much(sent: BaseEvent, context: Context) -> None:
        await emitter.send(event(padding=_PADDING), out)

    await scene.put(topic, 1)
    consumer = await scene.begin(send_too_much, topic, group=topic, clock=HastyClock(), concurrency=concurrency)
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 0.*refused.*max.message.bytes"):
        await ended(consumer)
    await scene.until_committed(topic, topic, {0: 0})
