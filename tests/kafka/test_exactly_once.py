"""Exactly once on a real broker, where processes come and go: each rule, and the moment in which it is needed."""

import asyncio
import random

import pytest
from aiokafka import AIOKafkaProducer

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.exactly_once import forward
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.lanes import Gated
from eventy.testing.conformance.scene import Notes, Scene, port_of, until
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.client import Holding
from tests.kafka.test_replay import commit
from tests.kafka.test_revoke import grant
from tests.kafka.transactions import Rival, Silence, numbers_in, owner


@pytest.fixture
def backend(kafka_broker: KafkaBroker) -> KafkaBackend:
    return KafkaBackend(kafka_broker.bootstrap, {"delivery": "exactly_once"})


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """Holds back the commits of transactions: everything of them is at the broker but that."""
    return Holding("commit_transaction", monkeypatch, AIOKafkaProducer)


# ---------------------------------------------------------------- partitions that move


async def test_owner_that_is_expelled_in_the_middle_of_its_transaction_commits_nothing_when_it_comes_back(
    scene: Scene, commits: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    grant(scene, session_timeout=1_000)
    old, new = forward(emitter, out), forward(emitter, out)
    zombie = await owner(scene, old, topic)
    silence, commits.is_on = Silence(zombie, monkeypatch), True
    await scene.put(topic, 1)
    await commits.until(1)
    commits.is_on = False
    await scene.consume(new, topic, group=topic)
    await scene.until_committed(topic, topic, {0: 1})
    commits.release()
    await until(lambda: commits.held[0].has_ended)
    assert await numbers_in(scene, out) == [1]
    assert zombie.counts.transactions_fenced == 1
    silence.end()
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    assert await numbers_in(scene, out) == [1, 2]
    assert old.numbers[0] == new.numbers[0] == 1


async def test_zombie_that_takes_the_partition_back_finds_that_others_have_gone_on(
    scene: Scene, commits: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    grant(scene, session_timeout=1_000)
    old, new = forward(emitter, out), forward(emitter, out)
    zombie = await owner(scene, old, topic)
    silence, commits.is_on = Silence(zombie, monkeypatch), True
    await scene.put(topic, 1)
    await commits.until(1)
    commits.is_on = False
    await scene.consume(new, topic, group=topic)
    await scene.put(topic, 2)
    await scene.until_committed(topic, topic, {0: 2})
    commits.release()
    await until(lambda: zombie.counts.partitions_moved == 1, lambda: f"moved, found {zombie.counts}")
    await scene.put(topic, 3)  # both have the partition, as far as they know
    await scene.until_committed(topic, topic, {0: 3})
    assert await numbers_in(scene, out) == [1, 2, 3]
    silence.end()
    await scene.put(topic, 4)
    await scene.until_committed(topic, topic, {0: 4})
    assert await numbers_in(scene, out) == [1, 2, 3, 4]


@pytest.mark.parametrize("outlasts", [False, True], ids=["handler ends", "handler outlasts its bound"])
async def test_rebalance_in_the_middle_of_a_handler_doubles_nothing(scene: Scene, outlasts: bool) -> None:
    topic, out, emitter = await scene.topic(partitions=2), await scene.topic("out"), await scene.emitter()
    grant(scene, rebalance_timeout=2_000 if outlasts else 20_000)
    going_on = asyncio.Event()

    async def wait_and_send(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)
        await going_on.wait()

    old, new = Notes(wait_and_send), forward(emitter, out)
    await owner(scene, old, topic, partitions=2)
    for number in range(2):
        await scene.put(topic, number, partition=number)
    await old.until(2)
    joining = asyncio.create_task(scene.consume(new, topic, group=topic))
    if outlasts:
        await joining
    going_on.set()
    await joining
    await scene.until_committed(topic, topic, {0: 1, 1: 1})
    for number in range(2, 4):
        await scene.put(topic, number, partition=number % 2)
    await scene.until_committed(topic, topic, {0: 2, 1: 2})
    assert sorted(await numbers_in(scene, out)) == [0, 1, 2, 3]


async def test_after_a_transaction_that_was_discarded_no_message_is_passed_over(
    scene: Scene, commits: Holding, kafka_broker: KafkaBroker
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    await scene.put(topic, 1, 2, 3)
    notes = forward(emitter, out)
    consumer = scene.consumer(topic, group=topic, slice_time=60_000)
    await commit(kafka_broker.bootstrap, topic, topic, 0)
    commits.is_on = True
    await consumer.start(notes)
    await commits.until(1)
    commits.is_on = False
    async with Rival.of(kafka_broker.bootstrap, topic) as rival:
        await rival.begin(out, 1, 1)
        await rival.commit()
        commits.release()
        await scene.until_committed(topic, topic, {0: 3})
    assert await numbers_in(scene, out) == [1, 2, 3]
    assert notes.numbers == [1, 2, 3, 2, 3]


# ---------------------------------------------------------------- taking over


async def test_nothing_is_handled_before_the_former_owner_is_fenced(
    scene: Scene, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    await scene.put(topic, 1)
    await commit(kafka_broker.bootstrap, topic, topic, 0)
    starts, fetches = Holding("start", monkeypatch, AIOKafkaProducer), Holding("getmany", monkeypatch)
    starts.is_on, notes = True, forward(emitter, out)
    consumer = await scene.begin(notes, topic, group=topic)
    await starts.until(1)
    fetched = len(fetches.calls)
    await until(lambda: len(fetches.calls) >= fetched + 3)  # whatever may be delivered has been by then
    assert notes.numbers == []
    assert consumer.readiness() == f"finding where to begin in {topic}[0]"
    starts.release()
    await scene.until_committed(topic, topic, {0: 1})
    assert await numbers_in(scene, out) == [1]


async def test_what_is_committed_is_read_when_nobody_else_can_commit_any_more(
    scene: Scene, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Another process's transaction is pending while we take its partition over, and ends in that moment."""
    rounds, chance = 100 if request.config.getoption("--soak") else 3, random.Random(7)
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    start, committing = AIOKafkaProducer.start, list[asyncio.Task[None]]()
    await commit(kafka_broker.bootstrap, topic, topic, 0)
    for number in range(rounds):
        await scene.put(topic, number)
        async with Rival.of(kafka_broker.bootstrap, topic) as rival:
            offset = (await scene.backend.committed(topic, topic))[0]
            await rival.begin(out, offset + 1, number)

            async def start_while_it_commits(producer: AIOKafkaProducer, rival: Rival = rival) -> None:
                if producer._txn_manager.transactional_id is not None and not committing:
                    committing.append(asyncio.create_task(rival.commit()))
                    # In the first round it is done before; later it is a matter of a millisecond.
                    await asyncio.wait(committing, timeout=chance.random() * 0.012 if number else None)  # noqa: B023
                await start(producer)

            with monkeypatch.context() as patch:
                patch.setattr(AIOKafkaProducer, "start", start_while_it_commits)
                consumer = await scene.consume(forward(emitter, out), topic, group=topic)
                await until(lambda: bool(committing))
                await asyncio.gather(*committing, return_exceptions=True)  # it may have been fenced
                committing.clear()
            await scene.until_committed(topic, topic, {0: offset + 1})
            await consumer.stop()
        assert await numbers_in(scene, out) == list(range(number + 1))


# ---------------------------------------------------------------- with everything else


async def test_outputs_beyond_a_key_that_is_stuck_wait_and_come_once_after_a_crash(scene: Scene) -> None:
    topic, out, emitter, gated = await scene.topic(), await scene.topic("out"), await scene.emitter(), Gated()

    async def send_then_wait(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out, key=context.key)
        await gated(event, context)

    consumer = await owner(scene, send_then_wait, topic, concurrency=4)
    for number in range(10):
        await scene.put(topic, number, key=b"%d" % (number % 5))
    beyond = [number for number in range(10) if number % 5]
    gated.open(*beyond)
    await gated.until_done(*beyond)
    assert await numbers_in(scene, out) == []
    assert await scene.backend.committed(topic, topic) == {0: 0}
    await scene.give_up(consumer)
    gated.open()
    await scene.consume(send_then_wait, topic, group=topic, concurrency=4)
    await scene.until_committed(topic, topic, {0: 10})
    assert sorted(await numbers_in(scene, out)) == list(range(10))


async def test_stop_commits_the_transaction_that_is_under_way(scene: Scene, commits: Holding) -> None:
    topic, out, emitter = await scene.topic(), await scene.topic("out"), await scene.emitter()
    consumer = await owner(scene, forward(emitter, out), topic)
    commits.is_on = True
    await scene.put(topic, 1)
    await commits.until(1)
    commits.is_on = False
    stopping = asyncio.create_task(consumer.stop())
    await until(lambda: port_of(consumer).readiness() is None)
    commits.release()
    await stopping
    assert await scene.backend.committed(topic, topic) == {0: 1}
    assert await numbers_in(scene, out) == [1]
