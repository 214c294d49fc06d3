"""Works through one partition, from its assignment to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from math import inf

from eventy.consumer.backlog import Backlog
from eventy.consumer.checkpoints import Checkpoints
from eventy.consumer.delivery import AtLeastOnce, Delivery, ExactlyOnce, PartitionMovedError
from eventy.consumer.handling import Ended, Handling, Retry
from eventy.consumer.lanes import Lanes
from eventy.consumer.pauses import Pauses
from eventy.consumer.port import Port
from eventy.consumer.positions import Beginning, Positions
from eventy.consumer.progress import Progress
from eventy.consumer.serial import Serial
from eventy.consumer.treatment import Treatment
from eventy.consumer.work import Nap, Running, Work
from eventy.errors import BrokerError
from eventy.message.record import Record, TopicPartition
from eventy.tasks import Stop, unless

logger = logging.getLogger(__name__)

# Seconds between tries to find where to begin.
_PAUSE = 1.0


class Worker:
    """Finds where to begin in a partition, then has its messages worked on until it is stopped.

    Work on an assignment ends with it: a partition that comes back gets a new worker.

    Parameters
        retries: what failed before this assignment, by offset.
        failed: told what ends the consumer while other messages are still worked on; else `run` raises it.
    """

    def __init__(
        self,
        partition: TopicPartition,
        treatment: Treatment,
        *,
        port: Port,
        positions: Positions,
        checkpoints: Checkpoints,
        progress: Progress,
        retries: dict[int, Retry],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.partition = partition
        self.done: int | None = None
        self.is_abandoned = False
        self._treatment = treatment
        self._port = port
        self._positions = positions
        self._checkpoints = checkpoints
        self._retries = retries
        self._failed = failed
        self._stopping = Stop()
        self._changed = asyncio.Event()
        self._pause = Pauses(treatment.clock, self._stopping)
        self._backlog = Backlog(partition, port, self._changed)
        self._delivery: Delivery
        if treatment.is_exactly_once:
            self._delivery = ExactlyOnce(partition, port, treatment.counts)
        else:
            self._delivery = AtLeastOnce(partition, port, progress)
        self._handling: Handling | None = None
        self._work: Work | None = None

    # ------------------------------------------------------------ what the supervisor calls

    def offer(self, records: Sequence[Record]) -> None:
        """Take a batch."""
        if not self._stopping.is_set():
            self._backlog.offer(records)

    def rewind(self) -> None:
        """Have everything from the next expected record on fetched again."""
        self._backlog.rewind()

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what runs is finished."""
        self._stopping.set()
        self._changed.set()

    def abandon(self) -> None:
        """Stop, and have what still runs count no more: the partition is somebody else's."""
        self.is_abandoned = True
        if self._handling is not None:
            self._handling.is_abandoned = True
        self.stop()

    @property
    def has_begun(self) -> bool:
        """Whether it is known where to begin, and committed."""
        return self._backlog.position is not None

    @property
    def is_idle(self) -> bool:
        """Whether all that was fetched is done."""
        return self.has_begun and self.done == self._backlog.position

    def running(self) -> Iterable[Running]:
        """Return the messages whose handlers run."""
        return self._work.running() if self._work is not None else ()

    def given_up(self) -> Collection[Record]:
        """Return the messages that are given up, which the broker hasn't acknowledged yet."""
        return self._handling.given_up.values() if self._handling is not None else ()

    @property
    def is_flushing(self) -> bool:
        """Whether the broker hasn't acknowledged yet what was sent."""
        return self._handling is not None and self._handling.is_flushing

    def due(self, nap: Nap) -> float | None:
        """Return until when all of it waits for the clock, infinity when there is nothing to do; None: it goes on."""
        if self.is_idle or self.is_abandoned:
            return inf
        if self._pause.dues:
            return min(self._pause.dues)
        return self._work.due(nap) if self._work is not None and self.has_begun else None

    def lag(self) -> int | None:
        """Return how many offsets are between what is done and the end as last seen; None while that isn't known."""
        fetched, unfetched = self._backlog.position, self._port.unfetched(self.partition)
        if fetched is None or unfetched is None or self.done is None:
            return None
        return fetched - self.done + unfetched

    def take_longest(self) -> Ended | None:
        """Return the longest attempt that has ended since the last call, if one took long."""
        return self._handling.take_longest() if self._handling is not None else None

    # ------------------------------------------------------------ the work

    async def run(self) -> None:
        """Work until `stop`. Raises HandlerError for a message that is given up."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._work_from_the_beginning()
                except PartitionMovedError as moved:
                    logger.warning("%s: beginning again: %s", self.partition, moved)
                    self._treatment.counts.partitions_moved += 1
                    self._backlog.forget()
                    await self._pause(_PAUSE)
        finally:
            await self._delivery.close()

    async def _work_from_the_beginning(self) -> None:
        if (beginning := await self._beginning()) is None:
            return
        for offset in [offset for offset in self._retries if offset < beginning.offset]:
            del self._retries[offset]
        handling = self._handling = Handling(
            self.partition,
            self._treatment,
            checkpoint=beginning.checkpoint,
            delivery=self._delivery,
            retries=self._retries,
            stopping=self._stopping,
        )
        if self._treatment.options.concurrency == 1:
            self._work = Serial(handling, self._backlog, self._port, self._mark)
        else:
            self._work = Lanes(handling, self._backlog, self._port, self._mark, self._failed)
        self._checkpoints.aim(self.partition, beginning.checkpoint)
        self._backlog.begin(beginning.offset)
        self._mark(beginning.offset)
        await self._work.run()

    async def _beginning(self) -> Beginning | None:
        """Return where to begin; None when stopped before that is found."""
        while not self._stopping.is_set():
            try:
                return await unless(self._stopping, self._find())
            except (BrokerError, PartitionMovedError) as error:
                logger.warning("%s: position unknown, asking again: %s", self.partition, error)
                await self._pause(_PAUSE)
        return None

    async def _find(self) -> Beginning:
        await self._delivery.open()
        beginning = await self._positions.begin(self.partition)
        await self._delivery.begin(beginning.offset, beginning.committed)
        return beginning

    def _mark(self, offset: int) -> None:
        """Note that everything before an offset is done."""
        self.done = offset
        self._delivery.mark(offset)
        self._checkpoints.reached(self.partition, offset)
