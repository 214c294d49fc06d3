"""An application in a test, on a real Kafka broker: what `Harness` does in memory, as far as real time allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import NoReturn, TypeVar

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAlreadyExistsError

from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.kafka import KafkaConsumer
from eventy.consumer.run import Run
from eventy.emitter.kafka import KafkaProducer
from eventy.event.base import BaseEvent
from eventy.message.record import Record
from eventy.testing.base import SOURCE, BaseHarness, not_entered
from eventy.testing.container import settings_with
from eventy.testing.errors import HarnessError, NotSettledError
from eventy.testing.kafka.reading import reader, records_of
from eventy.testing.kafka.topics import make_topics
from eventy.testing.open_work import described

C = TypeVar("C")

# Real seconds; what isn't done by then never will be.
DEADLINE = 30.0
# Seconds for clients of an application that was cut off to disconnect: they give up after 3, and after 3 more.
_DISCONNECT = 7.0
# Seconds between looks at the broker: nobody tells when something is committed.
_LOOK = 0.02

# ms: a member that is gone is missed sooner than in production, as in tests somebody waits for that.
_TIMEOUTS = {"kafka_session_timeout": 6_000, "kafka_rebalance_timeout": 10_000}


class KafkaHarness(BaseHarness[C]):
    """Runs a container's `app` on a broker inside `async with`, on topics that are new and go with the test.

    Parameters
        container: as the service builds it. Its singletons are built anew for the test, and dropped after it; what an
            application that was built before was given by `add_task` is dropped with it.
        bootstrap: the broker's address.
        topics: to be made beside those that consumers name, such as what is only sent to.
        partitions: of each of them.
        deadline: real seconds that anything may take.
    """

    def __init__(
        self,
        container: C,
        bootstrap: str,
        *,
        topics: Collection[str] = (),
        partitions: int = 4,
        deadline: float = DEADLINE,
    ) -> None:
        super().__init__(container, deadline=deadline)
        self._bootstrap = bootstrap
        self._topics = set(topics)
        self._partitions = partitions
        self._found: Mapping[str, Sequence[Record]] = {}
        self._stack: AsyncExitStack | None = None

    # ------------------------------------------------------------ its life

    def _override(self) -> None:
        settings = settings_with(
            self.container, consumer=KafkaConsumer, emitter=KafkaProducer, bootstrap=self._bootstrap, **_TIMEOUTS
        )
        self._untyped.config.override(settings)

    async def _enter(self) -> None:
        self._build()
        async with AsyncExitStack() as stack:
            self._made: set[str] = set()  # those that were there aren't ours to delete
            self._consumers = [one for one in self.app.components if isinstance(one, EngineConsumer)]
            read = {topic for consumer in self._consumers for topic in consumer.subscription.names}
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
            stack.push_async_callback(self._admin.close)
            await self._admin.start()
            stack.push_async_callback(self._delete_topics)
            self._reader = reader(self._bootstrap)
            stack.push_async_callback(self._reader.stop)  # first, or it complains of topics that are gone
            await self._reader.start()
            await self._create_topics(self._topics | read)
            await self._start()
            self._emitter = self._own_emitter()
            await self._emitter.start()
            self._stack = stack.pop_all()

    def _own_emitter(self) -> KafkaProducer:
        clock = Clock()
        broker = KafkaProducer.connect(self._untyped.config(), clock)
        return KafkaProducer(broker=broker, serializer=self._untyped.event_serializer(), clock=clock, source=SOURCE)

    async def _start(self) -> None:
        self._before_start = asyncio.all_tasks()
        await self.app.enter(through=self._deliveries.through)
        try:
            await self._until(self._is_ready, lambda: f"not ready: {self.app.readiness() or self._unread()}")
        except BaseException:
            await self.app.abort()
            raise

    async def _is_ready(self) -> bool:
        return not self.app.readiness() and not self._unread()

    def _unread(self) -> set[tuple[str, int]]:
        """Return the partitions that nobody has been assigned yet: those of new topics aren't known at once."""
        wanted, had = set(), set()
        for consumer in self._consumers:
            group = consumer.group or consumer.name
            wanted |= {(group, topic, at) for topic in consumer.subscription.names for at in range(self._partitions)}
            had |= {(group, *partition) for partition in (consumer.run.partitions() if consumer.run else ())}
        return {(topic, number) for _, topic, number in wanted - had}

    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._stack = self._stack, None
        assert stack is not None  # it is entered
        async with stack:
            stack.push_async_callback(self._close_client)
            await self._emitter.stop()
            # A test that is skipped half-way may have begun something: it ends in good order, as one that passes.
            if error is not None and not isinstance(error, asyncio.CancelledError | pytest.skip.Exception):
                await self.app.abort()
                await self._disconnected()
            else:
                try:
                    await self.app.__aexit__(kind, error, trace)
                except BaseException as failure:
                    if failure is not self._told:
                        raise

    async def _disconnected(self) -> None:
        """Return when what was cut off has disconnected, which takes a while behind its back: the loop ends with us."""
        left = asyncio.all_tasks() - self._before_start - {asyncio.current_task()}
        if left:
            await asyncio.wait(left, timeout=_DISCONNECT)

    async def _create_topics(self, topics: Collection[str]) -> None:
        refused = await make_topics(self._admin, dict.fromkeys(topics, self._partitions))
        self._made |= set(topics) - set(refused)
        for topic, error in refused.items():
            if isinstance(error, TopicAlreadyExistsError):
                raise HarnessError(
                    f"{topic} is there already on {self._bootstrap}: what it has isn't this test's. Give the tests a "
                    "broker of their own, or delete the topic"
                )
            raise HarnessError(f"{topic} can't be made on {self._bootstrap}: {error}") from error

    async def _delete_topics(self) -> None:
        """Delete what was made, with its letters, and wait until it is gone with the offsets of the groups."""
        # What was just made isn't in the list yet when the broker hasn't heard of it.
        ours = self._made | set(map(self._letters_of, self._made)) & set(await self._admin.list_topics())
        if ours:
            await self._admin.delete_topics(list(ours))

        async def is_gone() -> bool:
            return not ours & set(await self._admin.list_topics()) and not await self._has_offsets(ours)

        await self._until(is_gone, lambda: f"topics of the test aren't deleted: {', '.join(sorted(ours))}")

    async def _has_offsets(self, topics: Collection[str]) -> bool:
        groups = {consumer.group for consumer in self._consumers if consumer.group is not None}
        for group in groups:
            offsets = await self._admin.list_consumer_group_offsets(group)
            if any(partition.topic in topics and found.offset >= 0 for partition, found in offsets.items()):
                return True
        return False

    def _check_runs(self) -> None:
        if self._stack is None:
            raise not_entered()
        self._check_loop()

    # ------------------------------------------------------------ sending and looking

    async def send(self, event: BaseEvent, destination: str, key: str | bytes | None = None) -> None:
        """Send an event to a topic, as `Harness` does; a topic that isn't there is made."""
        self._check_runs()
        if destination not in self._made:
            await self._create_topics([destination])
        await self._emitter.send(event, destination, key=key)

    def _records(self, topic: str) -> Sequence[Record]:
        return self._found.get(topic, ())

    # ------------------------------------------------------------ waiting

    async def settled(self) -> None:
        """Return when nothing is left to do, in real time: retries are waited for as long as the settings say.

        Raises NotSettledError after the deadline, and what the application has failed by.
        """
        self._check_runs()
        await self._until(self._is_settled, self._open)
        self._found = await records_of(self._reader, [*self._made, *map(self._letters_of, self._made)])

    async def _is_settled(self) -> bool:
        if self.app.failure is not None:
            self._told = self.app.failure
            raise self.app.failure
        before = await self._ends()
        return await self._have_all_reached(before) and await self._ends() == before

    async def _ends(self) -> dict[tuple[str, int], int]:
        """Return where the partitions end that somebody reads."""
        partitions = {TopicPartition(*one) for run in self._runs for one in run.partitions()}
        ends = await self._reader.end_offsets(list(partitions)) if partitions else {}
        return {(partition.topic, partition.partition): end for partition, end in ends.items()}

    async def _have_all_reached(self, ends: dict[tuple[str, int], int]) -> bool:
        for run in self._runs:
            for partition in run.partitions():
                end = ends.get((partition.topic, partition.partition))
                if end is None or not await run.has_done(partition, end):
                    return False
        return not self.app.readiness() and not self._unread()

    @property
    def _runs(self) -> list[Run]:
        return [run for consumer in self._consumers if (run := consumer.run) is not None]

    def _open(self) -> str:
        return f"not settled. What is open:\n{described(self._runs, {}, self._deliveries, self._deliveries.counts)}"

    async def _until(self, condition: Callable[[], Awaitable[bool]], what: Callable[[], str]) -> None:
        limit = time.monotonic() + self._deadline
        while not await condition():
            if time.monotonic() > limit:
                raise NotSettledError(f"after {self._deadline:g} s: {what()}")
            await asyncio.sleep(_LOOK)

    # ------------------------------------------------------------ what takes the broker in memory

    @property
    def clock(self) -> NoReturn:
        """Skips the test: real time is nobody's to move."""
        pytest.skip("this test moves time: it runs without --eventy-kafka")

    async def advance(self, ms: float) -> None:
        """Skips the test: real time is nobody's to move."""
        pytest.skip("this test moves time: it runs without --eventy-kafka")

    async def rebalance(self) -> None:
        """Skips the test."""
        pytest.skip("this test has the group rebalance: it runs without --eventy-kafka")

    async def crash_and_restart(self) -> None:
        """Skips the test."""
        pytest.skip("this test has the application crash: it runs without --eventy-kafka")

    def broker_down(self) -> NoReturn:
        """Skips the test: others run on the broker as well."""
        pytest.skip("this test has the broker down: it runs without --eventy-kafka")
