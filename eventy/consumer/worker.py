"""Works through one partition, from its assignment to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from eventy.clock import Clock
from eventy.consumer.backlog import Backlog
from eventy.consumer.checkpoints import Checkpoints
from eventy.consumer.counts import Counts
from eventy.consumer.handling import AttemptAt, Handling, Retry
from eventy.consumer.lanes import Lanes
from eventy.consumer.options import ConsumerOptions
from eventy.consumer.port import Port
from eventy.consumer.positions import Beginning, Positions
from eventy.consumer.progress import Progress
from eventy.consumer.serial import Serial
from eventy.consumer.work import Running, Work
from eventy.errors import BrokerError
from eventy.message.record import Record, TopicPartition
from eventy.tasks import unless

logger = logging.getLogger(__name__)

# Seconds between tries to find where to begin.
_PAUSE = 1.0


class Worker:
    """Finds where to begin in a partition, then has its messages worked on until it is stopped.

    Work on an assignment ends with it: a partition that comes back gets a new worker.

    Parameters
        group: of the consumer.
        attempt: makes attempts at messages.
        retries: what failed before this assignment, by offset.
        failed: told what ends the consumer while other messages are still worked on; else `run` raises it.
    """

    def __init__(
        self,
        partition: TopicPartition,
        *,
        port: Port,
        clock: Clock,
        options: ConsumerOptions,
        group: str | None,
        positions: Positions,
        checkpoints: Checkpoints,
        progress: Progress,
        attempt: AttemptAt,
        retries: dict[int, Retry],
        counts: Counts,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.partition = partition
        self.done: int | None = None
        self._clock = clock
        self._positions = positions
        self._checkpoints = checkpoints
        self._progress = progress
        self._retries = retries
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._committed = 0
        self._backlog = Backlog(partition, port, self._changed)
        self._handling = Handling(
            partition,
            port=port,
            clock=clock,
            options=options,
            group=group,
            attempt=attempt,
            retries=retries,
            counts=counts,
            stopping=self._stopping,
        )
        kind: Callable[..., Work] = Serial if options.concurrency == 1 else partial(Lanes, failed=failed)
        self._work = kind(
            self._handling,
            self._backlog,
            port=port,
            clock=clock,
            options=options,
            mark=self._mark,
            stopping=self._stopping,
            changed=self._changed,
        )

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
        self._handling.is_abandoned = True
        self.stop()

    @property
    def is_abandoned(self) -> bool:
        return self._handling.is_abandoned

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
        return self._work.running()

    # ------------------------------------------------------------ the work

    async def run(self) -> None:
        """Work until `stop`. Raises HandlerError for a message that is given up."""
        if (beginning := await self._beginning()) is None:
            return
        for offset in [offset for offset in self._retries if offset < beginning.offset]:
            del self._retries[offset]
        self._handling.checkpoint = beginning.checkpoint
        self._committed = beginning.offset if beginning.committed is None else beginning.committed
        self._checkpoints.aim(self.partition, beginning.checkpoint)
        self._backlog.begin(beginning.offset)
        self._mark(beginning.offset)
        await self._work.run()

    async def _beginning(self) -> Beginning | None:
        """Return where to begin; None when stopped before that is found."""
        while not self._stopping.is_set():
            try:
                return await unless(self._stopping, self._find())
            except BrokerError as error:
                logger.warning("%s: position unknown, asking again: %s", self.partition, error)
                await self._handling.pause(_PAUSE)
        return None

    async def _find(self) -> Beginning:
        beginning = await self._positions.begin(self.partition)
        if beginning.committed is None:
            # Or the next member, should this one be killed, would skip what arrives before the first commit.
            await self._progress.commit(self.partition, beginning.offset)
        return beginning

    def _mark(self, offset: int) -> None:
        """Note that everything before an offset is done. What is committed never goes back, in a replay say."""
        self.done = offset
        if offset > self._committed:
            self._progress.mark(self.partition, offset)
        self._checkpoints.reached(self.partition, offset)
