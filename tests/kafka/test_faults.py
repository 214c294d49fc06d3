"""Processes and the broker are killed, frozen and replaced while messages flow. `make soak` does more of it.

Each test prints what it counted: `pytest -s` shows it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.faults.flow import number_of
from tests.kafka.faults.letters import as_sent, committed_too_early, letters_of, note_when_letters_arrive
from tests.kafka.faults.sizes import FULL, SHORT, Sizes
from tests.kafka.faults.stage import PLACES, Stage

OnStage = Callable[..., AbstractAsyncContextManager[Stage]]
# Milliseconds of silence after which the group expels a process. The short one is the broker's least; the other is for
# tests in which a process that was merely slow, on a busy machine, must not be taken for a dead one.
SHORT_SESSION = 1_000
SESSION = 3_000
# Key lanes a partition.
CONCURRENCIES = (1, 4)
# How many attempts fail at a message that is never handled: more than are made.
FOR_EVER = 1_000


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> Sizes:
    return FULL if request.config.getoption("--soak") else SHORT


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("--fault-seed")
    return random.randrange(1_000_000) if given is None else given


@pytest.fixture
def on_stage(scene: Scene, backend: KafkaBackend, tmp_path: Path, sizes: Sizes) -> OnStage:
    """`Stage.open` for this test."""
    return partial(Stage.open, scene, backend, tmp_path, sizes.bound)


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
async def test_killed_processes_lose_nothing_and_keep_the_order_of_first_handling(
    on_stage: OnStage, sizes: Sizes, seed: int, concurrency: int
) -> None:
    chance = random.Random(seed)
    victims = chance.sample([*PLACES] * sizes.kills, len(PLACES) * sizes.kills)
    moments = sorted(chance.sample(range(sizes.killed_messages), len(victims)))
    async with on_stage(
        session=SHORT_SESSION,
        work=0.001 * concurrency,
        concurrency=concurrency,
        EVENTY_CONSUMER_SLICE_TIME="5",  # flushes and commits fill more of the time in which the kill may come
    ) as stage:
        await stage.flow.send(sizes.killed_messages)
        stage.start_all()
        for moment, victim in zip(moments, victims, strict=True):
            await stage.group.until_handled(moment)
            stage.group.kill(victim)
            stage.group.start(victim)
        await stage.end()
        stage.report(f"processes of {concurrency} lanes killed {len(victims)} times, seed {seed}")
        await stage.assert_at_least_once_and_in_order()


async def test_broker_that_is_killed_loses_nothing_and_processes_go_on_by_themselves(
    on_stage: OnStage, sizes: Sizes, kafka_broker: KafkaBroker
) -> None:
    async with on_stage(session=SHORT_SESSION, work=0.001) as stage:
        await stage.flow.send(sizes.outage_messages)
        stage.start_all()
        for outage in range(sizes.outages):
            await stage.group.until_handled(sizes.outage_messages * (outage + 1) // (sizes.outages + 1))
            kafka_broker.kill()
            try:
                await asyncio.sleep(sizes.away)
            finally:
                await kafka_broker.start()
        await stage.end()
        stage.report(f"broker killed {sizes.outages} times")
        await stage.assert_at_least_once_and_in_order()


def failures(count: int) -> dict[int, int]:
    """Return how often the attempts at messages fail: at one in a hundred twice, at one in a thousand for ever."""
    twice, for_ever = range(7, count, 100), range(500, count, 1_000)
    return dict.fromkeys(twice, 2) | dict.fromkeys(for_ever, FOR_EVER)


async def test_dead_letters_are_exactly_the_messages_that_no_attempt_handles(on_stage: OnStage, sizes: Sizes) -> None:
    async with on_stage(
        session=SESSION,
        work=0.001,
        EVENTY_CONSUMER_ON_EXHAUSTED="dead_letter",
        EVENTY_CONSUMER_MAX_RETRIES="2",
        EVENTY_CONSUMER_RETRY_INTERVAL="10",
    ) as stage:
        await note_when_letters_arrive(stage.flow)
        stage.start_all()
        await stage.settle()
        failing = {stage.flow.sent + number: times for number, times in failures(sizes.failing_messages).items()}
        await stage.flow.send(sizes.failing_messages, lambda number: failing.get(number, 0))
        await stage.end(lacking=sum(times == FOR_EVER for times in failing.values()))
        doomed = [record for record in await stage.flow.went_in() if failing.get(number_of(record)) == FOR_EVER]
        letters = await letters_of(stage.flow)
        stage.report(
            f"{len(failing) - len(doomed)} messages failed twice, {len(doomed)} for ever, {len(letters)} letters"
        )
        assert sorted(map(as_sent, letters)) == sorted(map(as_sent, doomed))
        assert await committed_too_early(stage.flow, doomed) == []
        await stage.assert_at_least_once_and_in_order(without=map(number_of, doomed))
        made = stage.group.journals.attempts_made()
        expected = dict.fromkeys(range(stage.flow.sent), (1,)) | dict.fromkeys(failing, (1, 2, 3))
        assert {number: found for number, found in made.items() if found != expected[number]} == {}


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
async def test_processes_replaced_in_turn_lose_nothing_and_without_lanes_handle_each_message_once(
    on_stage: OnStage, sizes: Sizes, concurrency: int
) -> None:
    async with on_stage(session=SESSION, work=0.001 * concurrency, concurrency=concurrency) as stage:
        stage.start_all()
        await stage.settle()
        async with stage.flow.trickle():
            for place in [*PLACES] * sizes.rolls:
                assert await stage.group.stop(place) == 0
                stage.group.start(place)
                await stage.group.until_at_work(place)
        await stage.end()
        stage.report(f"processes of {concurrency} lanes replaced {len(PLACES) * sizes.rolls} times")
        await stage.assert_at_least_once_and_in_order()
        if concurrency == 1:  # with lanes, what is done beyond the first message that isn't comes again
            handlings = Counter(one.number for one in stage.group.journals.successes())
            assert [number for number, times in handlings.items() if times > 1] == []
            assert [number for number, times in (await stage.flow.came_out()).items() if times > 1] == []


async def test_process_that_was_frozen_for_longer_than_its_session_disturbs_nothing(
    on_stage: OnStage, sizes: Sizes, seed: int
) -> None:
    chance = random.Random(seed)
    async with on_stage(session=SHORT_SESSION, work=0.003) as stage:
        await stage.flow.send(sizes.frozen_messages)
        stage.start_all()
        for freeze in range(sizes.freezes):
            victim = chance.choice(PLACES)
            await stage.group.until_handled(sizes.frozen_messages * (freeze + 1) // (sizes.freezes + 2))
            await stage.group.until_at_work(victim)
            stage.group.freeze(victim)
            await stage.group.until_taken_over(victim)
            stage.group.thaw(victim)
        await stage.end()
        stage.report(f"processes frozen {sizes.freezes} times, seed {seed}")
        await stage.assert_at_least_once_and_in_order()
