"""Where faults happen."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from tests.kafka.faults.flow import Flow, ends, number_of
from tests.kafka.faults.group import Group

#: Of the processes.
PLACES = range(3)


def environment_of(
    backend: KafkaBackend, topic: str, out: str, *, session: int, work: float, concurrency: int = 1, **settings: str
) -> dict[str, str]:
    """Return the settings of processes that consume a topic; their group is called like it."""
    return {
        "EVENTY_ENV_FILE": os.devnull,
        "EVENTY_EVENT_SERIALIZER": "tests.kafka.faults.serializer.Serializer",
        "EVENTY_EVENT_CONSUMER": "eventy.consumer.kafka.KafkaConsumer",
        "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
        "EVENTY_CONSUMER_CONCURRENCY": str(concurrency),
        "KAFKA_BOOTSTRAP_SERVER": backend.connection.bootstrap_server,
        "KAFKA_SESSION_TIMEOUT": str(session),
        "KAFKA_REBALANCE_TIMEOUT": "10000",
        "WORKER_TOPIC": topic,
        "WORKER_GROUP": topic,
        "WORKER_OUT": out,
        "WORKER_WORK": str(work),
        **settings,
    }


def exactly_once(numbers: Iterable[int], sent: int) -> str:
    """Return "yes" when there is each of so many numbers once, else what is wrong."""
    found = Counter(numbers)
    missing = sorted(set(range(sent)) - found.keys())
    doubled = sorted(number for number, times in found.items() if times > 1)
    if not missing and not doubled and len(found) == sent:
        return "yes"
    return f"{len(missing)} of {sent} missing: {missing[:10]}, {len(doubled)} more than once: {doubled[:10]}"


async def keys_in_disorder(backend: KafkaBackend, topic: str) -> list[bytes | None]:
    """Return the keys whose messages don't stand in the order in which they were sent first."""
    numbers: defaultdict[bytes | None, list[int]] = defaultdict(list)
    for record in await backend.records(topic):
        numbers[record.key].append(number_of(record))
    return [key for key, found in numbers.items() if found != sorted(found)]


class Stage:
    """A flow of messages, and the processes that handle them."""

    def __init__(self, flow: Flow, group: Group) -> None:
        self.flow = flow
        self.group = group
        self._began = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        scene: Scene,
        backend: KafkaBackend,
        folder: Path,
        bound: float,
        *,
        session: int,
        work: float,
        concurrency: int = 1,
        **settings: str,
    ) -> AsyncIterator[Self]:
        """Return a stage whose processes aren't started yet.

        Parameters
            folder: for what the processes write.
            bound: seconds for the body.
            session: ms of silence after which a process is expelled.
            work: seconds of it for most messages.
            concurrency: key lanes a partition.
            settings: of the processes beside.
        """
        async with asyncio.timeout(bound), Flow.open(scene, backend) as flow:
            environment = environment_of(
                backend, flow.topic, flow.out, session=session, work=work, concurrency=concurrency, **settings
            )
            async with Group(folder, environment) as group:
                yield cls(flow, group)

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

    async def assert_exactly_once_and_in_order(self) -> None:
        """Everything is committed; what is visible at the end is each message once, each key's in order."""
        came_out = [number_of(record) for record in await self.flow.backend.records(self.flow.out)]
        assert exactly_once(came_out, self.flow.sent) == "yes"
        assert await keys_in_disorder(self.flow.backend, self.flow.out) == []
        await self.flow.until_committed()

    def report(self, what: str) -> None:
        handlings = Counter(one.number for one in self.group.journals.successes())
        seconds = time.monotonic() - self._began
        print(  # noqa: T201 - the figures of a soak
            f"\n{what}: {self.flow.sent} messages, {len(handlings)} of them handled, "
            f"{handlings.total() - len(handlings)} handlings beyond the first, {seconds:.1f} s"
        )
