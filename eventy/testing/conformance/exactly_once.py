"""What `delivery="exactly_once"` promises: what handlers send and their offset become true together, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.delivery import ExactlyOnce
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import Transactions
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import (
    BrokerError,
    BrokerUnavailableError,
    ConfigurationError,
    HandlerError,
    RecordTooLargeError,
    TransactionError,
)
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import DeadLetter, ProducerRecord, TopicPartition
from eventy.testing.conformance.deliveries import exactly_once
from eventy.testing.conformance.lanes import Gated, send_then_wait, stop_while_a_retry_waits
from eventy.testing.conformance.scene import Notes, Scene, deliveries_of, ended, failing, port_of, until
from eventy.testing.conformance.serializer import encoded

both_ways = pytest.mark.parametrize("concurrency", [1, 3])


def forward(emitter: BaseEventEmitter, out: str) -> Notes:
    """Return a handler that sends each event on."""

    async def send_on(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out, key=context.key)

    return Notes(send_on)


async def chain(scene: Scene, **options: Any) -> tuple[str, str, Notes, EngineConsumer[Any]]:
    """Have what comes in one topic be sent on to another; return the two, the handler, and the consumer."""
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    notes = forward(emitter, out)
    return topic, out, notes, await scene.consume(notes, topic, group=topic, **options)


async def delivery_of(consumer: EngineConsumer[Any]) -> ExactlyOnce:
    """Return how the only partition of a consumer is written for, once that is assigned."""
    await until(lambda: len(deliveries_of(consumer)) == 1 and consumer.readiness() is None)
    (delivery,) = deliveries_of(consumer)
    assert isinstance(delivery, ExactlyOnce)
    return delivery


async def commit_elsewhere(consumer: EngineConsumer[Any], records: Sequence[ProducerRecord], offset: int) -> None:
    """Have somebody else go on with the only partition of a consumer: write records, and commit as far as an offset."""
    other = port_of(consumer).transactions((await delivery_of(consumer))._partition)
    await other.open()
    await other.commit(records, [], offset)
    await other.close()


class Commits:
    """Stands before the commits of a partition.

    Parameters
        before: raised, one at a time, instead of committing.
        after: raised, one at a time, though it is committed: the answer is lost.
    """

    def __init__(
        self,
        transactions: Transactions,
        monkeypatch: pytest.MonkeyPatch,
        *,
        before: Sequence[Exception] = (),
        after: Sequence[Exception] = (),
    ) -> None:
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.begun: list[tuple[int, int]] = []  # how many records, and the offset
        self._before, self._after = list(before), list(after)
        self._commit = transactions.commit
        monkeypatch.setattr(transactions, "commit", self)

    @classmethod
    async def of(cls, consumer: EngineConsumer[Any], monkeypatch: pytest.MonkeyPatch, **errors: Any) -> Commits:
        """Return what stands before the commits of a consumer's only partition."""
        return cls((await delivery_of(consumer))._transactions, monkeypatch, **errors)

    async def __call__(self, records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        self.begun.append((len(records) + len(letters), offset))
        await self.may_go.wait()
        if self._before:
            raise self._before.pop(0)
        await self._commit(records, letters, offset)
        if self._after:
            raise self._after.pop(0)


# ---------------------------------------------------------------- together


@both_ways
@exactly_once
async def test_sends_and_offset_become_true_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, _, consumer = await chain(scene, concurrency=concurrency)
    commits = await Commits.of(consumer, monkeypatch)
    commits.may_go.clear()
    await scene.put(topic, 1, 2, 3)
    await until(lambda: bool(commits.begun))
    assert await scene.backend.records(out) == []
    assert await scene.backend.committed(topic, topic) == {0: 0}
    commits.may_go.set()
    await scene.until_committed(topic, topic, {0: 3})
    assert [record.value for record in await scene.records(out, 3)] == [encoded(number) for number in (1, 2, 3)]


@exactly_once
async def test_sends_beyond_the_lowest_message_wait_for_it(scene: Scene) -> None:
    topic, out, emitter, gated = await scene.topic(), await scene.topic("out"), await scene.emitter(), Gated()
    consumer = await scene.consume(send_then_wait(emitter, out, gated), topic, group=topic, concurrency=3)
    await scene.put(topic, 0, 1, 2, 3)
    gated.open(1, 2, 3)
    await gated.until_done(1, 2, 3)
    assert await scene.backend.records(out) == []
    assert await scene.backend.committed(topic, topic) == {0: 0}
    gated.open()
    await scene.until_committed(topic, topic, {0: 4})
    assert [record.value for record in await scene.records(out, 4)] == [encoded(number) for number in range(4)]
    assert consumer.counts.handled == 4


@exactly_once
async def test_stop_commits_what_is_finished_before_what_waits(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, out = await stop_while_a_retry_waits(scene, monkeypatch)
    assert await scene.backend.committed(topic, topic) == {0: 1}
    assert [record.value for record in await scene.records(out, 1)] == [encoded(0)]
    await scene.consume(forward(await scene.emitter(), out), topic, group=topic)
    await scene.until_committed(topic, topic, {0: 3})
    assert [record.value for record in await scene.records(out, 3)] == [encoded(number) for number in range(3)]


@both_ways
@exactly_once
async def test_letter_and_offset_become_true_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic = await scene.topic()
    letters = f"{topic}-dlt"
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0}
    consumer = await scene.consume(failing(2), topic, group=topic, concurrency=concurrency, **options)
    commits = await Commits.of(consumer, monkeypatch)
    await scene.put(topic, 1, key=b"k")
    await scene.until_committed(topic, topic, {0: 1})
    commits.may_go.clear()
    await scene.put(topic, 2, 3, key=b"k")
    await until(lambda: (1, 2) in commits.begun)
    assert await scene.backend.records(letters) == []
    assert await scene.backend.committed(topic, topic) == {0: 1}
    commits.may_go.set()
    await scene.until_committed(topic, topic, {0: 3})
    assert len(await scene.records(letters, 1)) == 1
    assert consumer.counts.dead_lettered == 1


# ---------------------------------------------------------------- in doubt

in_doubt = pytest.mark.parametrize("error", [TransactionError("in doubt"), BrokerUnavailableError("away")])


@both_ways
@in_doubt
@exactly_once
async def test_transaction_that_came_to_nothing_is_made_again_without_its_handlers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, concurrency: int
) -> None:
    topic, out, notes, consumer = await chain(scene, concurrency=concurrency)
    await Commits.of(consumer, monkeypatch, before=[error])
    await scene.put(topic, 1, 2, 3)
    await scene.until_committed(topic, topic, {0: 3})
    assert [record.value for record in await scene.records(out, 3)] == [encoded(number) for number in (1, 2, 3)]
    assert sorted(notes.numbers) == [1, 2, 3]
    assert consumer.counts.transactions_discarded == 1


@both_ways
@in_doubt
@exactly_once
async def test_transaction_whose_answer_is_lost_is_not_made_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, concurrency: int
) -> None:
    topic, out, notes, consumer = await chain(scene, concurrency=concurrency)
    commits = await Commits.of(consumer, monkeypatch, after=[error])
    await scene.put(topic, 1, 2, 3)
    await scene.until_committed(topic, topic, {0: 3})
    await scene.put(topic, 4)
    await scene.until_committed(topic, topic, {0: 4})
    assert len(await scene.records(out, 4)) == 4
    assert sorted(notes.numbers) == [1, 2, 3, 4]
    assert sum(records for records, _ in commits.begun) == 4


@both_ways
@pytest.mark.parametrize("trouble", [BrokerUnavailableError("away"), BrokerError("not now")])
@exactly_once
async def test_doubt_lasts_until_it_is_known_what_is_committed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, trouble: Exception, concurrency: int
) -> None:
    topic, out, _, consumer = await chain(scene, max_retries=0, concurrency=concurrency)
    commits = await Commits.of(consumer, monkeypatch, after=[TransactionError("in doubt")])
    port, troubles = port_of(consumer), [trouble]
    committed = port.committed

    async def troubled(partition: TopicPartition) -> int | None:
        if troubles:
            raise troubles.pop()
        return await committed(partition)

    monkeypatch.setattr(port, "committed", troubled)
    await scene.put(topic, 1)
    await until(lambda: not troubles)
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert [record.value for record in await scene.records(out, 2)] == [encoded(1), encoded(2)]
    assert commits.begun == [(1, 1), (1, 2)]


@both_ways
@exactly_once
async def test_partition_that_somebody_else_has_gone_on_with_is_begun_again_from_there(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, _, consumer = await chain(scene, concurrency=concurrency)
    commits = await Commits.of(consumer, monkeypatch)
    await scene.put(topic, 1)
    await scene.until_committed(topic, topic, {0: 1})
    commits.may_go.clear()
    await scene.put(topic, 2)
    await until(lambda: len(commits.begun) > 1)
    await scene.put(topic, 3, 4)  # not before: a transaction to offset 3 couldn't be told from the other's
    await commit_elsewhere(consumer, [], 3)  # somebody has handled 2 and 3
    commits.may_go.set()
    await scene.until_committed(topic, topic, {0: 4})
    values = [record.value for record in await scene.records(out, 2)]
    assert values == [encoded(1), encoded(4)]
    assert consumer.counts.transactions_fenced >= 1
    assert consumer.counts.partitions_moved == 1


@both_ways
@exactly_once
async def test_somebody_else_who_has_handled_the_same_messages_has_done_so_for_us(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    topic, out, _, consumer = await chain(scene, concurrency=concurrency)
    commits = await Commits.of(consumer, monkeypatch)
    commits.may_go.clear()
    await scene.put(topic, 1)
    await until(lambda: bool(commits.begun))
    await commit_elsewhere(consumer, [ProducerRecord(out, None, encoded(10), ())], 1)
    commits.may_go.set()
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert [record.value for record in await scene.records(out, 2)] == [encoded(10), encoded(2)]
    assert consumer.counts.partitions_moved == 0


@both_ways
@exactly_once
async def test_message_whose_sends_are_refused_is_found_and_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0, "concurrency": concurrency}
    topic, out, _, consumer = await chain(scene, **options)
    transactions = (await delivery_of(consumer))._transactions
    commit = transactions.commit

    async def refuse_the_second(records: Sequence[ProducerRecord], letters: Sequence[DeadLetter], offset: int) -> None:
        if any(record.value == encoded(2) for record in records):
            raise RecordTooLargeError("too large")
        await commit(records, letters, offset)

    monkeypatch.setattr(transactions, "commit", refuse_the_second)
    await scene.put(topic, 1, 2, 3, key=b"k")
    await scene.until_committed(topic, topic, {0: 3})
    assert [record.value for record in await scene.records(out, 2)] == [encoded(1), encoded(3)]
    assert [record.value for record in await scene.records(f"{topic}-dlt", 1)] == [encoded(2)]


@exactly_once
async def test_letter_that_is_refused_is_no_transaction_and_stops_the_consumer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await scene.topic()
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0}
    consumer = await scene.consume(failing(1), topic, group=topic, **options)
    await Commits.of(consumer, monkeypatch, before=[RecordTooLargeError("too large")])
    await scene.put(topic, 1)
    with pytest.raises(HandlerError, match=r"its dead letter to .* is refused: too large"):
        await ended(consumer)
    assert await scene.backend.committed(topic, topic) == {0: 0}


# ---------------------------------------------------------------- conditions


@exactly_once
async def test_replay_sends_nothing_and_goes_on_exactly_once(scene: Scene) -> None:
    topic, out, _, first = await chain(scene)
    await scene.put(topic, 1, 2)
    await scene.until_committed(topic, topic, {0: 2})
    await first.stop()
    reached = asyncio.Event()
    notes = forward(await scene.emitter(), out)
    second = scene.consumer(topic, group=topic, position="earliest")
    second.set_checkpoint_callback(reached.set)
    await second.start(notes)
    await reached.wait()
    await scene.put(topic, 3)
    await scene.until_committed(topic, topic, {0: 3})
    assert notes.numbers == [1, 2, 3]
    assert [record.value for record in await scene.records(out, 3)] == [encoded(number) for number in (1, 2, 3)]


@exactly_once
async def test_replay_may_send_again(scene: Scene) -> None:
    topic, out, _, first = await chain(scene)
    await scene.put(topic, 1, 2)
    await scene.until_committed(topic, topic, {0: 2})
    await first.stop()
    again = forward(await scene.emitter(), out)
    await scene.consume(again, topic, group=topic, position="earliest", replay_emits=True)
    await scene.records(out, 4)
    assert await scene.backend.committed(topic, topic) == {0: 2}


@exactly_once
async def test_emitter_of_another_broker_is_refused(scene: Scene) -> None:
    foreign = MemoryEmitter(broker=MemoryBroker(clock=Clock()), serializer=scene.serializer, clock=scene.clock)
    topic = await scene.topic()
    consumer = await scene.consume(forward(foreign, "out"), topic, group=topic, max_retries=0)
    with pytest.raises(ConfigurationError, match="MemoryEmitter, an emitter of this application, can't take part"):
        consumer.check_emitter(foreign)
    consumer.check_emitter(await scene.emitter())
    await scene.put(topic, 1)
    with pytest.raises(HandlerError, match="SendError: MemoryEmitter can't take part in the transaction"):
        await ended(consumer)


@exactly_once
async def test_without_a_group_there_is_no_transaction(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    with caplog.at_level("INFO"):
        consumer = await scene.consume(forward(emitter, out), topic)
    await scene.put(topic, 1)
    await scene.records(out, 1)
    assert not any(isinstance(delivery, ExactlyOnce) for delivery in deliveries_of(consumer))
    assert caplog.text.count("delivery is 'exactly_once', which has no use without a group") == 1
