"""What becomes of a message that is given up: the consumer stops, or puts it aside, or passes over it."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.counts import Counts
from eventy.consumer.delivery import Delivery
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.options import ConsumerOptions
from eventy.errors import BrokerUnavailableError, EncodeError, HandlerError, RecordTooLargeError, Unretryable
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import DeadLetter
from eventy.testing.conformance.scene import HastyClock, Notes, Scene, deliveries_of, ended, failing, headers, until
from eventy.testing.conformance.serializer import encoded

GARBAGE = b"\x00garbage"
# Serial, and in lanes: what becomes of a message is the same.
both_ways = pytest.mark.parametrize("concurrency", [1, 3])
passing_over = pytest.mark.parametrize("on_exhausted", ["dead_letter", "skip"])


class NoSuchCurrency(Unretryable):
    """An error of the user's own."""


class Letters:
    """Stands before the letters of a consumer: holds them back, or has the broker refuse them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *troubles: Exception) -> None:
        self.held: list[DeadLetter] = []
        self.may_go = asyncio.Event()
        self._troubles = list(troubles)
        self._monkeypatch = monkeypatch
        if troubles:
            self.may_go.set()

    def of(self, consumer: EngineConsumer[Any]) -> None:
        for delivery in deliveries_of(consumer):
            self._stand_before(delivery)

    def _stand_before(self, delivery: Delivery) -> None:
        write = delivery.write_letter

        async def held(letter: DeadLetter, offset: int) -> None:
            self.held.append(letter)
            await self.may_go.wait()
            if self._troubles:
                raise self._troubles.pop(0)
            await write(letter, offset)

        self._monkeypatch.setattr(delivery, "write_letter", held)


async def lacks(scene: Scene, topic: str) -> bool:
    return not await scene.backend.partitions(topic)


# ---------------------------------------------------------------- each way


@both_ways
@passing_over
async def test_what_follows_a_message_that_is_given_up_goes_on(
    scene: Scene, on_exhausted: str, concurrency: int
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()

    async def fail_the_second(sent: BaseEvent, context: Context) -> None:
        await emitter.send(sent, out)
        if sent.data["n"] == 2:
            raise OSError("broken")

    notes = Notes(fail_the_second)
    await scene.put(topic, 1, 2, 3, 4, key=b"k")
    consumer = await scene.consume(
        notes,
        topic,
        group=topic,
        clock=HastyClock(),
        max_retries=2,
        on_exhausted=on_exhausted,
        concurrency=concurrency,
    )
    await scene.until_committed(topic, topic, {0: 4})
    assert notes.numbers == [1, 2, 2, 2, 3, 4]
    assert [record.value for record in await scene.records(out, 3)] == [encoded(1), encoded(3), encoded(4)]
    letters = int(on_exhausted == "dead_letter")
    assert consumer.counts == Counts(handled=3, retried=2, dead_lettered=letters, skipped=1 - letters)
    if letters:
        (letter,) = await scene.records(f"{topic}-dlt", 1)
        assert letter.value == encoded(2)
    else:
        assert await lacks(scene, f"{topic}-dlt")
    assert consumer.readiness() is None


@both_ways
async def test_stop_commits_nothing_past_the_message_and_counts_what_was_done(scene: Scene, concurrency: int) -> None:
    topic, notes = await scene.topic(), failing(3)
    await scene.put(topic, 1, 2, 3, 4, key=b"k")
    consumer = await scene.begin(
        notes, topic, group=topic, clock=HastyClock(), max_retries=1, on_exhausted="stop", concurrency=concurrency
    )
    with pytest.raises(HandlerError, match=rf"{topic}\[0\] offset 2.* 2 attempts.*OSError: attempt 2"):
        await ended(consumer)
    await scene.until_committed(topic, topic, {0: 2})
    assert notes.numbers == [1, 2, 3, 3]
    assert consumer.counts == Counts(handled=2, retried=1)


@both_ways
@pytest.mark.parametrize("error", [Unretryable, NoSuchCurrency])
async def test_error_that_no_retry_cures_is_given_up_at_once(
    scene: Scene, error: type[Exception], concurrency: int
) -> None:
    topic, notes, clock = await scene.topic(), failing(1, error=error), HastyClock()
    await scene.put(topic, 1, 2)
    consumer = await scene.consume(notes, topic, group=topic, clock=clock, on_exhausted="skip", concurrency=concurrency)
    await scene.until_committed(topic, topic, {0: 2})
    assert (notes.numbers, clock.waits) == ([1, 2], [])
    assert consumer.counts == Counts(handled=1, skipped=1)


@both_ways
@pytest.mark.parametrize("error", [OSError, Unretryable, EncodeError])
async def test_handler_that_ends_the_consumer_is_logged_once_with_its_traceback(
    scene: Scene, caplog: pytest.LogCaptureFixture, error: type[Exception], concurrency: int
) -> None:
    topic, notes = await scene.topic(), failing(1, error=error)
    await scene.put(topic, 1)
    consumer = await scene.begin(notes, topic, group=topic, max_retries=0, concurrency=concurrency)
    with pytest.raises(HandlerError) as caught:
        await ended(consumer)
    (shown,) = [record for record in caplog.records if record.exc_info]
    assert shown.exc_info is not None
    assert shown.exc_info[1] is caught.value.__cause__
    assert shown.getMessage() == f"{topic}[0] offset 0: given up after 1 attempt"


async def test_failure_says_what_is_true_of_every_backend_and_nothing_after_an_error_without_text(scene: Scene) -> None:
    topic = await scene.topic()

    async def cancelled(_: BaseEvent, __: Context) -> None:
        raise asyncio.CancelledError

    await scene.put(topic, 1)
    consumer = await scene.begin(cancelled, topic, group=topic, max_retries=0)
    with pytest.raises(HandlerError) as caught:
        await ended(consumer)
    assert str(caught.value) == (
        f"{topic}[0] offset 0: given up after 1 attempt, the last one failed with CancelledError. "
        "Nothing was committed past it: mend the handler, or who sends such messages"
    )


@both_ways
async def test_message_that_cannot_be_decoded_ends_the_consumer_without_a_traceback(
    scene: Scene, caplog: pytest.LogCaptureFixture, concurrency: int
) -> None:
    topic = await scene.topic()
    await scene.backend.put(topic, GARBAGE)
    consumer = await scene.begin(Notes(), topic, group=topic, concurrency=concurrency)
    with pytest.raises(HandlerError, match="can't be decoded"):
        await ended(consumer)
    assert not [record for record in caplog.records if record.exc_info]


async def test_option_of_the_consumer_wins_over_the_settings(scene: Scene) -> None:
    topic, notes = await scene.topic(), failing(1)
    await scene.put(topic, 1, 2)
    options = ConsumerOptions(max_retries=5, on_exhausted="stop")
    await scene.consume(
        notes,
        topic,
        group=topic,
        options=options,
        max_retries=0,
        on_exhausted="dead_letter",
        dead_letter_suffix=".dead",
    )
    await scene.until_committed(topic, topic, {0: 2})
    assert notes.numbers == [1, 2]
    await scene.records(f"{topic}.dead", 1)


# ---------------------------------------------------------------- dead letters


@both_ways
async def test_letter_is_the_message_as_it_came_and_says_why(scene: Scene, concurrency: int) -> None:
    topic, notes = await scene.topic(partitions=2), failing(1)
    came = [("tenant", b"a"), ("ce_id", b"m1")]
    await scene.put(topic, 0, partition=1)
    await scene.backend.put(topic, encoded(1), partition=1, key=b"\xff", headers=came)
    await scene.consume(
        notes, topic, group=topic, clock=HastyClock(), on_exhausted="dead_letter", concurrency=concurrency
    )
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert (letter.partition, letter.key, letter.value) == (1, b"\xff", encoded(1))
    assert list(letter.headers[:2]) == came
    why = headers(letter)
    assert why["kafka_dlt-original-topic"] == topic.encode()
    assert why["kafka_dlt-original-partition"] == struct.pack(">i", 1)
    assert why["kafka_dlt-original-offset"] == struct.pack(">q", 1)
    assert why["kafka_dlt-original-consumer-group"] == topic.encode()
    assert why["kafka_dlt-exception-fqcn"] == b"builtins.OSError"
    assert why["kafka_dlt-exception-message"] == b"attempt 11"
    assert b"in fail\n" in why["kafka_dlt-exception-stacktrace"]
    assert await scene.backend.partitions(f"{topic}-dlt") == 2


@both_ways
async def test_undecodable_message_is_put_aside_as_its_raw_bytes(scene: Scene, concurrency: int) -> None:
    topic, notes, clock = await scene.topic(), Notes(), HastyClock()
    await scene.put(topic, 1)
    await scene.backend.put(topic, GARBAGE, key=b"", headers=[("tenant", b"a")])
    await scene.put(topic, 3)
    consumer = await scene.consume(
        notes, topic, group=topic, clock=clock, on_exhausted="dead_letter", concurrency=concurrency
    )
    await scene.until_committed(topic, topic, {0: 3})
    (letter,) = await scene.records(f"{topic}-dlt", 1)
    assert (letter.key, letter.value, headers(letter)["tenant"]) == (b"", GARBAGE, b"a")
    assert headers(letter)["kafka_dlt-exception-fqcn"] == b"eventy.errors.DecodeError"
    assert clock.waits == []
    assert consumer.counts == Counts(handled=2, dead_lettered=1, poison=1)


@both_ways
async def test_message_is_committed_only_when_its_letter_is_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()

    async def fail_the_third(sent: BaseEvent, context: Context) -> None:
        await emitter.send(sent, out)
        if sent.data["n"] == 3:
            raise Unretryable("broken")

    letters = Letters(monkeypatch)
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "concurrency": concurrency}
    consumer = await scene.consume(Notes(fail_the_third), topic, group=topic, **options)
    letters.of(consumer)
    await scene.put(topic, 1, 2, 3, 4, key=b"k")
    await scene.records(out, 2)
    await scene.until_committed(topic, topic, {0: 2, 1: 0})
    await scene.put(topic, 5, partition=1)  # another partition goes on
    await scene.until_committed(topic, topic, {0: 2, 1: 1})
    assert [letter.record.value for letter in letters.held] == [encoded(3)]
    assert consumer.counts.dead_lettered == 0
    letters.may_go.set()
    await scene.until_committed(topic, topic, {0: 4, 1: 1})
    await scene.records(f"{topic}-dlt", 1)
    assert len(await scene.records(out, 4)) == 4


@both_ways
async def test_message_whose_letter_was_under_way_at_a_crash_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, letters, notes = await scene.topic(), Letters(monkeypatch), failing(2, error=Unretryable)
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "concurrency": concurrency}
    consumer = await scene.consume(notes, topic, group=topic, **options)
    letters.of(consumer)
    await scene.put(topic, 1, 2, 3, key=b"k")
    await scene.until_committed(topic, topic, {0: 1})
    await notes.until(2)
    await scene.give_up(consumer)
    assert await scene.backend.committed(topic, topic) == {0: 1}
    await scene.consume(notes, topic, group=topic, **options)
    await scene.until_committed(topic, topic, {0: 3})
    assert notes.numbers == [1, 2, 2, 3]
    await scene.records(f"{topic}-dlt", 1)


@both_ways
async def test_letter_that_is_under_way_at_stop_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, letters = await scene.topic(), Letters(monkeypatch)
    notes = failing(1, error=Unretryable)
    consumer = await scene.consume(notes, topic, group=topic, on_exhausted="dead_letter", concurrency=concurrency)
    letters.of(consumer)
    await scene.put(topic, 1)
    await until(lambda: bool(letters.held))
    stopping = asyncio.create_task(consumer.stop())
    await Clock().sleep(0)
    letters.may_go.set()
    await stopping
    assert await scene.backend.committed(topic, topic) == {0: 1}
    await scene.records(f"{topic}-dlt", 1)


@both_ways
async def test_letter_is_written_again_while_the_broker_is_away(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, away = await scene.topic(), [BrokerUnavailableError("away") for _ in range(20)]
    letters = Letters(monkeypatch, *away)
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0, "concurrency": concurrency}
    consumer = await scene.consume(failing(1), topic, group=topic, clock=HastyClock(), **options)
    letters.of(consumer)
    await scene.put(topic, 1)
    await scene.until_committed(topic, topic, {0: 1})
    await scene.records(f"{topic}-dlt", 1)
    assert len(letters.held) == 21


@both_ways
async def test_letter_that_is_refused_stops_the_consumer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, letters = await scene.topic(), Letters(monkeypatch, RecordTooLargeError("more than it takes"))
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0, "concurrency": concurrency}
    consumer = await scene.consume(failing(2), topic, group=topic, **options)
    letters.of(consumer)
    await scene.put(topic, 1, 2, 3, key=b"k")
    with pytest.raises(HandlerError, match=rf"offset 1.*{topic}-dlt is refused: more than it takes"):
        await ended(consumer)
    await scene.until_committed(topic, topic, {0: 1})


@both_ways
async def test_without_a_group_a_message_is_passed_over_rather_than_put_aside(scene: Scene, concurrency: int) -> None:
    topic, notes = await scene.topic(), failing(1, 3)
    await scene.put(topic, 1, 2, key=b"k")
    consumer = await scene.consume(notes, topic, max_retries=0, on_exhausted="dead_letter", concurrency=concurrency)
    await notes.until(2)
    await scene.put(topic, 3, 4, key=b"k")  # beyond where the topic ended at the start: what is before is a replay
    await notes.until(4)
    assert await lacks(scene, f"{topic}-dlt")
    assert (consumer.counts.skipped, consumer.counts.dead_lettered) == (2, 0)


@both_ways
async def test_group_that_replays_puts_nothing_aside_again(scene: Scene, concurrency: int) -> None:
    topic = await scene.topic()
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0, "concurrency": concurrency}
    await scene.put(topic, 1, 2, key=b"k")
    first = await scene.consume(failing(1), topic, group=topic, position="earliest", **options)
    await scene.until_committed(topic, topic, {0: 2})
    await first.stop()
    notes = failing(1, 3)
    again = await scene.consume(notes, topic, group=topic, position="earliest", **options)
    await scene.put(topic, 3, key=b"k")
    await scene.until_committed(topic, topic, {0: 3})
    assert notes.numbers == [1, 2, 3]
    assert (again.counts.skipped, again.counts.dead_lettered) == (1, 1)
    letters = await scene.records(f"{topic}-dlt", 2)
    assert [letter.value for letter in letters] == [encoded(1), encoded(3)]


# ---------------------------------------------------------------- poison


@both_ways
@passing_over
async def test_too_many_undecodable_messages_in_a_row_stop_the_consumer(
    scene: Scene, on_exhausted: str, concurrency: int
) -> None:
    topic, notes = await scene.topic(), Notes()
    poison = [GARBAGE] * 3
    for value in (*poison, encoded(1), *poison, encoded(2), *poison, GARBAGE, encoded(3)):
        await scene.backend.put(topic, value, key=b"k")
    consumer = await scene.begin(
        notes, topic, group=topic, max_poison=3, on_exhausted=on_exhausted, concurrency=concurrency
    )
    with pytest.raises(HandlerError, match=r"offset 11.*can't be decoded.*EVENTY_CONSUMER_MAX_POISON"):
        await ended(consumer)
    await scene.until_committed(topic, topic, {0: 11})
    assert notes.numbers == [1, 2]
    assert consumer.counts.poison == 10
    assert consumer.counts.handled == 2
    assert consumer.counts.skipped + consumer.counts.dead_lettered == 9
