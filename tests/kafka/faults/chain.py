"""Two services one after the other, each of several processes that deliver exactly once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.faults.flow import PARTITIONS, Flow, number_of, until_committed
from tests.kafka.faults.group import Group
from tests.kafka.faults.sizes import Sizes
from tests.kafka.faults.stage import environment_of, exactly_once, keys_in_disorder

# Milliseconds of silence after which a process is expelled: the broker's least.
_SESSION = 1_000
# Of the messages, the share that is handled when the last trouble comes.
_LAST = 0.9


class Chain:
    """What goes into the flow is handled by the first group, then by the second, whose output is the flow's."""

    def __init__(self, flow: Flow, between: str, groups: list[Group], sizes: Sizes) -> None:
        self.flow = flow
        self._between = between
        self._groups = groups
        self._places = range(sizes.chain_places)
        self._kills = sizes.chain_kills
        self._messages = sizes.chain_messages
        self._began = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, scene: Scene, backend: KafkaBackend, folder: Path, sizes: Sizes, *, concurrency: int
    ) -> AsyncIterator[Self]:
        """Return a chain whose messages are sent already, and whose processes aren't started yet."""
        async with asyncio.timeout(sizes.bound), Flow.open(scene, backend) as flow, AsyncExitStack() as stack:
            between, groups = await scene.topic("between", PARTITIONS), list[Group]()
            for topic, out in ((flow.topic, between), (between, flow.out)):
                settings = environment_of(
                    backend,
                    topic,
                    out,
                    session=_SESSION,
                    work=sizes.chain_work * concurrency,
                    concurrency=concurrency,
                    EVENTY_CONSUMER_DELIVERY="exactly_once",
                    # A process that is killed while it joins is waited for as long as that.
                    KAFKA_REBALANCE_TIMEOUT="5000",
                )
                own = folder / topic
                own.mkdir()
                groups.append(await stack.enter_async_context(Group(own, settings)))
            await flow.send(sizes.chain_messages)
            yield cls(flow, between, groups, sizes)

    def start(self) -> None:
        for group in self._groups:
            for place in self._places:
                group.start(place)

    async def suffer(self, chance: random.Random, broker: KafkaBroker) -> None:
        """Kill each process some times, replace one of each group in good order, freeze one, kill the broker."""
        troubles = [(self._kill, group, place) for group in self._groups for place in self._places] * self._kills
        troubles += [(self._replace, group, chance.choice(self._places)) for group in self._groups]
        chance.shuffle(troubles)
        # Early, or there might be nothing left that shows that others have taken over.
        troubles.insert(1, (self._freeze, chance.choice(self._groups), chance.choice(self._places)))
        moments = sorted(chance.sample(range(int(self._messages * _LAST)), len(troubles)))
        for number, (moment, (trouble, group, place)) in enumerate(zip(moments, troubles, strict=True)):
            await group.until_handled(moment)
            await trouble(group, place)
            if number == len(troubles) // 2:
                broker.kill()
                await broker.start()

    async def _kill(self, group: Group, place: int) -> None:
        group.kill(place)
        group.start(place)

    async def _replace(self, group: Group, place: int) -> None:
        status = await group.stop(place)
        assert status == 0, f"it ended with {status}"
        group.start(place)

    async def _freeze(self, group: Group, place: int) -> None:
        await group.until_at_work(place)
        group.freeze(place)
        await group.until_taken_over(place)
        group.thaw(place)

    async def end(self) -> None:
        """Wait for the last message, then end all processes in good order."""
        for topic in (self.flow.topic, self._between):
            await until_committed(self.flow.backend, topic)
        for group in self._groups:
            assert await group.stop_all() == {0}

    async def assert_exactly_once_and_in_order(self) -> None:
        backend = self.flow.backend
        for topic in (self._between, self.flow.out):
            found = exactly_once(map(number_of, await backend.records(topic)), self.flow.sent)
            assert found == "yes", f"{topic}: {found}"
            assert await keys_in_disorder(backend, topic) == []

    def report(self, what: str) -> None:
        counts = [group.journals.counts() for group in self._groups]
        handlings = sum(len(group.journals.successes()) for group in self._groups)
        print(  # noqa: T201 - the figures of a soak
            f"\n{what}: {self.flow.sent} messages through two services of {len(self._places)} processes, "
            f"{handlings} handlings; transactions discarded: {sum(one.transactions_discarded for one in counts)}, "
            f"of them fenced: {sum(one.transactions_fenced for one in counts)}; "
            f"partitions begun again: {sum(one.partitions_moved for one in counts)}; "
            f"assignments: {sum(group.rebalances() for group in self._groups)}; "
            f"{time.monotonic() - self._began:.1f} s"
        )
