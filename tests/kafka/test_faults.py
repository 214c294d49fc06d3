"""Processes and the broker are killed, frozen and replaced while messages flow. `make soak` does more of it.

Each test prints what it counted: `pytest -s` shows it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.kafka import KafkaBackend
from tests.conformance.scene import Scene
from tests.kafka.faults.flow import Flow, ends, number_of
from tests.kafka.faults.group import Group
from tests.kafka.faults.letters import Letters, as_sent
from tests.kafka.faults.sizes import FULL, SHORT, Sizes
from tests.real.kafka import KafkaBroker

PLACES = range(3)
# Milliseconds of silence after which the group expels a process. The short one is the broker's least; the other is for
# tests in which a process that was merely slow, on a busy machine, must not be taken for a dead one.
SHORT_SESSION = 1_000
SESSION = 3_000
# How many attempts fail at a message that is never handled: more than are made.
FOR_EVER = 1_000
# Seconds that a frozen process is left alone.
FROZEN = 3 * SHORT_SESSION / 1000


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> Sizes:
    return FULL if request.config.getoption("--soak") else SHORT


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("--fault-seed")
    return random.randrange(1_000_000) if given is None else given


class Stage:
    """Where a fault happens: a flow of messages, and the processes that handle them."""

    def __init__(self, flow: Flow, group: Group) -> None:
        self.flow = flow
        self.group = group
        self._began = time.monotonic()

    def start_all(self) -> None:
        for place in PLACES:
            self.group.start(place)

    async def settle(self) -> None:
        """Return when each process has its share, so that nothing is moved any more."""
        async with self.flow.trickle():
            for place in PLACES:
                await self.group.until_at_work(place)

    async def end(self, lacking: int = 0) -> None:
        """Wait for the last message, then end all processes in good order: their status is 0.

        Parameters
            lacking: how many messages will never be handled.
        """
        await self.group.until_done(self.flow.sent - lacking)
        assert await self.group.stop_all() <= {0}

    async def assert_at_least_once_and_in_order(self, without: Iterable[int] = ()) -> None:
        """Nothing is lost, on the way in or out; everything is committed; each key's first handlings keep its order."""
        all_numbers, went_in = set(range(self.flow.sent)).difference(without), await self.flow.went_in()
        lost = sorted(all_numbers - self.group.journals.handled)
        assert not lost, f"{len(lost)} messages were never handled: {lost[:10]}…"
        unsent = sorted(all_numbers - (await self.flow.came_out()).keys())
        assert not unsent, f"{len(unsent)} messages were handled, but what was sent then is lost: {unsent[:10]}…"
        firsts = self.group.journals.firsts()
        assert [key for key, numbers in firsts.items() if numbers != sorted(numbers)] == []
        assert await self.flow.committed() == ends(went_in)

    def report(self, what: str) -> None:
        handlings = Counter(one.number for one in self.group.journals.successes())
        seconds = time.monotonic() - self._began
        print(  # noqa: T201 - the figures of a soak
            f"\n{what}: {self.flow.sent} messages, {len(handlings)} of them handled, "
            f"{handlings.total() - len(handlings)} handlings beyond the first, {seconds:.1f} s"
        )


class Theatre:
    """Sets stages."""

    def __init__(self, scene: Scene, backend: KafkaBackend, folder: Path, bound: float) -> None:
        self._scene = scene
        self._backend = backend
        self._folder = folder
        self._bound = bound

    @asynccontextmanager
    async def stage(self, *, session: int, work: float, **settings: str) -> AsyncIterator[Stage]:
        """Return a stage whose processes aren't started yet.

        Parameters
            session: ms of silence after which a process is expelled.
            work: seconds of it for each message.
            settings: of the processes beside.
        """
        async with asyncio.timeout(self._bound), Flow.open(self._scene, self._backend) as flow:
            environment = {
                "EVENTY_ENV_FILE": "/dev/null",
                "EVENTY_EVENT_SERIALIZER": "tests.kafka.faults.serializer.Serializer",
                "EVENTY_EVENT_CONSUMER": "eventy.consumer.kafka.KafkaConsumer",
                "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
                "KAFKA_BOOTSTRAP_SERVER": self._backend.connection.bootstrap_server,
                "KAFKA_SESSION_TIMEOUT": str(session),
                "KAFKA_REBALANCE_TIMEOUT": "10000",
                "WORKER_TOPIC": flow.topic,
                "WORKER_GROUP": flow.topic,
                "WORKER_OUT": flow.out,
                "WORKER_WORK": str(work),
                **settings,
            }
            async with Group(self._folder, environment) as group:
                yield Stage(flow, group)


@pytest.fixture
def theatre(scene: Scene, backend: KafkaBackend, tmp_path: Path, sizes: Sizes) -> Theatre:
    return Theatre(scene, backend, tmp_path, sizes.bound)


async def test_killed_processes_lose_nothing_and_keep_the_order_of_first_handling(
    theatre: Theatre, sizes: Sizes, seed: int
) -> None:
    chance = random.Random(seed)
    victims = chance.sample([*PLACES] * sizes.kills, len(PLACES) * sizes.kills)
    moments = sorted(chance.sample(range(sizes.killed_messages), len(victims)))
    async with theatre.stage(session=SHORT_SESSION, work=0.001) as stage:
        await stage.flow.send(sizes.killed_messages)
        stage.start_all()
        for moment, victim in zip(moments, victims, strict=True):
            await stage.group.until_handled(moment)
            stage.group.kill(victim)
            stage.group.start(victim)
        await stage.end()
        stage.report(f"processes killed {len(victims)} times, seed {seed}")
        await stage.assert_at_least_once_and_in_order()


async def test_broker_that_is_killed_loses_nothing_and_processes_go_on_by_themselves(
    theatre: Theatre, sizes: Sizes, kafka_broker: KafkaBroker
) -> None:
    async with theatre.stage(session=SHORT_SESSION, work=0.001) as stage:
        await stage.flow.send(sizes.outage_messages)
        stage.start_all()
        for outage in range(sizes.outages):
            await stage.group.until_handled(sizes.outage_messages * (outage + 1) // (sizes.outages + 1))
            kafka_broker.kill()
            await kafka_broker.start()
        await stage.end()
        stage.report(f"broker killed {sizes.outages} times")
        await stage.assert_at_least_once_and_in_order()


def failures(count: int) -> dict[int, int]:
    """Return how often the attempts at messages fail: at one in a hundred twice, at one in a thousand for ever."""
    twice, for_ever = range(7, count, 100), range(500, count, 1_000)
    return dict.fromkeys(twice, 2) | dict.fromkeys(for_ever, FOR_EVER)


async def test_dead_letters_are_exactly_the_messages_that_no_attempt_handles(theatre: Theatre, sizes: Sizes) -> None:
    async with theatre.stage(
        session=SESSION,
        work=0,
        EVENTY_CONSUMER_ON_EXHAUSTED="dead_letter",
        EVENTY_CONSUMER_MAX_RETRIES="2",
        EVENTY_CONSUMER_RETRY_INTERVAL="10",
    ) as stage:
        stage.start_all()
        await stage.settle()
        failing = {stage.flow.sent + number: times for number, times in failures(sizes.failing_messages).items()}
        await stage.flow.send(sizes.failing_messages, lambda number: failing.get(number, 0))
        doomed = [record for record in await stage.flow.went_in() if failing.get(number_of(record)) == FOR_EVER]
        letters = Letters(stage.flow, doomed)
        async with letters.watch():
            await stage.end(lacking=len(doomed))
        written = await letters.records()
        stage.report(
            f"{len(failing) - len(doomed)} messages failed twice, {len(doomed)} for ever, {len(written)} letters, "
            f"{letters.looks} looks"
        )
        assert sorted(map(as_sent, written)) == sorted(map(as_sent, doomed))
        assert not letters.early
        await stage.assert_at_least_once_and_in_order(without=map(number_of, doomed))
        attempts = defaultdict[int, list[int]](list)
        for attempt in sorted(stage.group.journals.attempts):
            attempts[attempt.number].append(attempt.attempt)
        unlike = {
            number: made for number, made in attempts.items() if made != [1, 2, 3][: 3 if number in failing else 1]
        }
        assert unlike == {}


async def test_processes_replaced_in_turn_handle_each_message_once(theatre: Theatre, sizes: Sizes) -> None:
    async with theatre.stage(session=SESSION, work=0.001) as stage:
        stage.start_all()
        await stage.settle()
        async with stage.flow.trickle():
            for place in [*PLACES] * sizes.rolls:
                assert await stage.group.stop(place) == 0
                stage.group.start(place)
                await stage.group.until_at_work(place)
        await stage.end()
        stage.report(f"processes replaced {len(PLACES) * sizes.rolls} times")
        await stage.assert_at_least_once_and_in_order()
        handlings = Counter(one.number for one in stage.group.journals.successes())
        assert [number for number, times in handlings.items() if times > 1] == []
        assert [number for number, times in (await stage.flow.came_out()).items() if times > 1] == []


async def test_process_that_was_frozen_for_longer_than_its_session_disturbs_nothing(
    theatre: Theatre, sizes: Sizes, seed: int
) -> None:
    chance = random.Random(seed)
    async with theatre.stage(session=SHORT_SESSION, work=0.003) as stage:
        await stage.flow.send(sizes.frozen_messages)
        stage.start_all()
        for freeze in range(sizes.freezes):
            victim = chance.choice(PLACES)
            await stage.group.until_handled(sizes.frozen_messages * (freeze + 1) // (sizes.freezes + 2))
            stage.group.freeze(victim)
            await asyncio.sleep(FROZEN)
            stage.group.thaw(victim)
        await stage.end()
        stage.report(f"processes frozen {sizes.freezes} times, seed {seed}")
        await stage.assert_at_least_once_and_in_order()
