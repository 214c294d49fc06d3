"""Transactions that fail, or of which nobody hears what has become of them: each comes true once, as a whole."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.protocol.transaction import EndTxnRequest

from eventy.consumer.counts import Counts
from eventy.errors import FencedError, HandlerError
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.testing.conformance.exactly_once import forward
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene, ended, failing, port_of, until
from eventy.testing.conformance.serializer import event
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.client import Cuts, Holding
from tests.kafka.test_replay import commit
from tests.kafka.test_revoke import grant
from tests.kafka.transactions import Ends, numbers_in, owner, until_discarded, until_ends_at

_MODULE = "eventy.broker.kafka.transactions"


@pytest.fixture
def backend(kafka_broker: KafkaBroker) -> KafkaBackend:
    return KafkaBackend(kafka_broker.bootstrap, {"delivery": "exactly_once"})


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """Holds back the commits of transactions: everything of them is at the broker but that."""
    return Holding("commit_transaction", monkeypatch, AIOKafkaProducer)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("on_exhausted", ["stop", "skip", "dead_letter"])
async def test_record_that_the_broker_refuses_takes_its_transaction_with_it(
    scene: Scene, kafka_broker: KafkaBroker, on_exhausted: str
) -> None:
    topic, out = await scene.topic(), await scene.topic("out", configs={"max.message.bytes": "4000"})
    other, emitter = await scene.topic("other"), await scene.emitter()
    await scene.put(topic, 1, 2, 3)
    await commit(kafka_broker.bootstrap, topic, topic, 0)

    async def send_both(sent: BaseEvent, context: Context) -> None:
        await emitter.send(sent, other)
        large = event(sent.data["n"], text="x" * 5_000)
        await emitter.send(large if sent.data["n"] == 2 else sent, out)

    options: dict[str, Any] = {"on_exhausted": on_exhausted, "max_retries": 1, "retry_interval": 10}
    notes = Notes(send_both)
    consumer = await scene.begin(notes, topic, group=topic, slice_time=60_000, **options)
    if on_exhausted == "stop":
        with pytest.raises(HandlerError, match=r"was refused: .*max\.message\.bytes"):
            await ended(consumer)
        assert notes.numbers == [1, 2, 3]
        assert await scene.backend.committed(topic, topic) == {0: 0}
        assert await numbers_in(scene, out) == await numbers_in(scene, other) == []
    else:
        await scene.until_committed(topic, topic, {0: 3})
        assert await numbers_in(scene, out) == await numbers_in(scene, other) == [1, 3]
    letters = await numbers_in(scene, f"{topic}-dlt")
    assert letters == ([2] if on_exhausted == "dead_letter" else [])


async def test_what_was_written_before_an_error_of_the_client_is_never_published(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    consumer = await owner(scene, forward(emitter, out), topic, retry_interval=10)
    send_offsets, errors = AIOKafkaProducer.send_offsets_to_transaction, list[Exception]()

    async def refuse_once(producer: Any, offsets: object, group: str) -> None:
        if not errors:  # what the client does when the broker denies it a topic
            errors.append(TopicAuthorizationFailedError({"secret"}))
            producer._txn_manager.error_transaction(errors[0])
            await producer._txn_manager.wait_for_transaction_end()
        await send_offsets(producer, offsets, group)

    monkeypatch.setattr(AIOKafkaProducer, "send_offsets_to_transaction", refuse_once)
    await scene.put(topic, 1)
    await scene.until_committed(topic, topic, {0: 1})
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert await numbers_in(scene, out) == [1, 2]
    assert consumer.counts == Counts(handled=2, transactions_discarded=1)


# ---------------------------------------------------------------- unknown


@pytest.mark.parametrize("arrives", [True, False], ids=["committed", "not committed"])
async def test_commit_that_nobody_answers_comes_true_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    notes, ends = forward(emitter, out), Ends(monkeypatch, arrive=arrives)
    consumer = await owner(scene, notes, topic)
    monkeypatch.setattr(f"{_MODULE}._COMMIT", 1.0)
    ends.are_lost = True
    await scene.put(topic, 1)
    await until_discarded(consumer)
    assert ends.lost > 0
    ends.are_lost = False
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert await numbers_in(scene, out) == notes.numbers == [1, 2]


async def test_connection_that_is_reset_before_the_answer_to_a_commit_doubles_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    notes = forward(emitter, out)
    cuts = Cuts(EndTxnRequest, 3, monkeypatch, once=lambda: bool(notes.numbers))
    await owner(scene, notes, topic)
    await scene.put(topic, 1, 2, 3)
    await scene.until_committed(topic, topic, {0: 3})
    await scene.put(topic, 4)
    await scene.until_committed(topic, topic, {0: 4})
    assert await numbers_in(scene, out) == notes.numbers == [1, 2, 3, 4]
    assert cuts.made == 3


@pytest.mark.parametrize("arrives", [True, False], ids=["committed", "not committed"])
async def test_commit_that_a_rebalance_cuts_short_comes_true_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()
    grant(scene, rebalance_timeout=2_000)
    old, new, ends = forward(emitter, out), forward(emitter, out), Ends(monkeypatch, arrive=arrives)
    consumer = await owner(scene, old, topic, partitions=2)
    ends.are_lost = True
    for number in range(2):
        await scene.put(topic, number, partition=number)
    await until(lambda: ends.lost >= 2)
    joining = asyncio.create_task(scene.consume(new, topic, group=topic))
    await until_discarded(consumer, 2)
    ends.are_lost = False
    await joining
    for number in range(2, 4):
        await scene.put(topic, number, partition=number % 2)
    await scene.until_committed(topic, topic, {0: 2, 1: 2})
    assert sorted(await numbers_in(scene, out)) == [0, 1, 2, 3]
    assert sorted(old.numbers + new.numbers) == ([0, 1, 2, 3] if arrives else [0, 0, 1, 1, 2, 3])


async def test_transaction_that_the_coordinator_gives_up_is_made_again_by_the_owner(
    scene: Scene, commits: Holding, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{_MODULE}.TRANSACTION_TIMEOUT", 1_000)
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    notes = forward(emitter, out)
    consumer = await owner(scene, notes, topic)
    commits.is_on = True
    await scene.put(topic, 1)
    await commits.until(1)
    commits.is_on = False
    await until_ends_at(kafka_broker.bootstrap, out, 2)  # the record, and the marker that it isn't valid
    commits.release()
    await scene.until_committed(topic, topic, {0: 1})
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert await numbers_in(scene, out) == notes.numbers == [1, 2]
    assert consumer.counts.transactions_fenced >= 1


# ---------------------------------------------------------------- dead letters


async def test_letter_comes_true_together_with_the_offset_of_its_message(scene: Scene, commits: Holding) -> None:
    topic = await scene.topic()
    options: dict[str, Any] = {"on_exhausted": "dead_letter", "max_retries": 0}
    consumer = await owner(scene, failing(1), topic, **options)
    commits.is_on = True
    await scene.put(topic, 1)
    await commits.until(1)
    assert await numbers_in(scene, f"{topic}-dlt") == []
    assert await scene.backend.committed(topic, topic) == {0: 0}
    await scene.give_up(consumer)
    assert commits.held[0].has_ended
    commits.release()
    await scene.consume(failing(1), topic, group=topic, **options)
    await scene.until_committed(topic, topic, {0: 1})
    assert await numbers_in(scene, f"{topic}-dlt") == [1]


async def test_commit_that_is_fenced_leaves_no_error_unread(scene: Scene) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    port = port_of(await owner(scene, Notes(), topic))
    former, latter = (port.transactions(TopicPartition(topic, 0)) for _ in range(2))
    for transactions in (former, latter):
        await transactions.open()
    with pytest.raises(FencedError):
        await former.commit([ProducerRecord(out, None, b"x", ())], [], 1)
    for transactions in (former, latter):
        await transactions.close()


async def test_commit_that_is_cut_short_leaves_no_error_unread(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, out = await scene.topic(), await scene.topic("out")
    port = port_of(await owner(scene, Notes(), topic))
    transactions, asked, lost = port.transactions(TopicPartition(topic, 0)), asyncio.Event(), asyncio.Event()
    await transactions.open()

    async def lose(*_: object) -> None:
        asked.set()
        await lost.wait()
        raise KafkaConnectionError("closed")

    monkeypatch.setattr(AIOKafkaClient, "coordinator_lookup", lose)  # with the offset
    committing = asyncio.create_task(transactions.commit([ProducerRecord(out, None, b"x", ())], [], 1))
    await asked.wait()
    committing.cancel()
    lost.set()
    with pytest.raises(asyncio.CancelledError):
        await committing
    monkeypatch.undo()
    await transactions.close()
