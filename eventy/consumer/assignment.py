"""The partitions that a consumer has, with a worker for each: they come and go as the group decides."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from eventy.clock import Clock
from eventy.consumer.checkpoints import Checkpoints
from eventy.consumer.handling import Ended
from eventy.consumer.port import Port
from eventy.consumer.positions import Positions
from eventy.consumer.progress import Progress
from eventy.consumer.work import Nap, Running, cancelled_itself
from eventy.consumer.worker import Worker
from eventy.message.record import Record, TopicPartition, place_of
from eventy.tasks import cancel
from eventy.words import counted

logger = logging.getLogger(__name__)

# Seconds for handlers that are cancelled to end.
_CANCEL = 1.0
# Partitions that are named one by one.
_NAMED = 10


class Assignment:
    """Keeps a worker for each partition, from its assignment to its end.

    Parameters
        name: of the consumer, for the log.
        worker: makes the worker of a partition.
        failed: called with the error that a worker has ended by.
    """

    def __init__(
        self,
        name: str,
        *,
        port: Port,
        clock: Clock,
        positions: Positions,
        checkpoints: Checkpoints,
        progress: Progress,
        worker: Callable[[TopicPartition], Worker],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._name = name
        self._port = port
        self._clock = clock
        self._positions = positions
        self._checkpoints = checkpoints
        self._progress = progress
        self._worker = worker
        self._failed = failed
        self._workers: dict[TopicPartition, Worker] = {}
        self._running: dict[Worker, asyncio.Task[None]] = {}
        self._answered = False
        self._halted = False

    # ------------------------------------------------------------ what the port calls

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        if self._halted:
            return
        for partition in partitions:
            worker = self._workers[partition] = self._worker(partition)
            task = self._running[worker] = asyncio.create_task(worker.run(), name=f"{self._name} {partition}")
            task.add_done_callback(partial(self._ended, worker))
        self._answered = True
        self._progress.start()
        self._checkpoints.assigned(partitions)
        logger.info("%s: assigned %s", self._name, _listed(partitions) or "nothing")

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        workers = [self._workers.pop(partition) for partition in partitions if partition in self._workers]
        await self._finish(workers, self._port.revoke_timeout)
        await self._progress.flush()
        self._progress.forget()
        self._checkpoints.revoked(partitions)

    def rewind(self) -> None:
        """Have everything that no worker has got yet fetched again."""
        for worker in self._workers.values():
            worker.rewind()

    # ------------------------------------------------------------ what the consumer calls

    def offer(self, batches: Mapping[TopicPartition, Sequence[Record]]) -> None:
        """Hand batches to their workers; those of partitions that have gone are dropped."""
        for partition, records in batches.items():
            if records and partition in self._workers:
                self._workers[partition].offer(records)

    def readiness(self) -> str | None:
        """Return None when every partition is worked on, else the reason why not."""
        if not self._answered:
            return "no partitions assigned yet"
        waiting = [worker.partition for worker in self._workers.values() if not worker.has_begun]
        return f"finding where to begin in {_listed(waiting)}" if waiting else None

    def running(self) -> Iterable[Running]:
        """Return the messages whose handlers run."""
        return (running for worker in self._running for running in worker.running())

    def given_up(self) -> Iterable[Record]:
        """Return the messages that are given up, which the broker hasn't acknowledged yet."""
        return [record for worker in self._running for record in worker.given_up()]

    def flushing(self) -> Iterable[TopicPartition]:
        """Return the partitions whose sends aren't acknowledged yet."""
        return [worker.partition for worker in self._running if worker.is_flushing]

    def dues(self, nap: Nap) -> Iterable[float | None]:
        """Return of each partition until when all of it waits, see `Worker.due`."""
        return [worker.due(nap) for worker in self._running]

    def take_longest(self) -> Iterable[Ended]:
        """Return the longest attempt of each partition that has ended since the last call, where one took long."""
        return [longest for worker in self._running if (longest := worker.take_longest()) is not None]

    def partitions(self) -> Sequence[TopicPartition]:
        """Return all of them."""
        return list(self._workers)

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return how far partitions are behind, where it is known, see `Worker.lag`."""
        lags = {partition: worker.lag() for partition, worker in self._workers.items()}
        return {partition: lag for partition, lag in lags.items() if lag is not None}

    def is_idle(self, partition: TopicPartition) -> bool:
        """Return whether all that was fetched of a partition is done."""
        worker = self._workers.get(partition)
        return worker is not None and worker.is_idle

    def has(self, partition: TopicPartition) -> bool:
        """Return whether a partition is among them."""
        return partition in self._workers

    async def look_at_positions(self) -> None:
        """Note how far partitions are read that have nothing to do: transaction markers, for one, aren't records."""
        for partition in self._checkpoints.missing():
            worker = self._workers.get(partition)
            if worker is not None and worker.is_idle:
                self._checkpoints.reached(partition, await self._port.position(partition))

    def halt(self) -> None:
        """Begin nothing new."""
        self._halted = True
        for worker in self._workers.values():
            worker.stop()

    async def finish(self) -> None:
        """Return when what runs has ended, however long that takes; what a rebalance is waiting for as well."""
        await self._finish([worker for worker in self._running if not worker.is_abandoned], None)

    async def cancel(self) -> None:
        """End what runs at once."""
        await self._cancel(list(self._running))

    # ------------------------------------------------------------ workers

    async def _finish(self, workers: list[Worker], seconds: float | None) -> None:
        """Let workers end what runs; cancel those that take longer."""
        for worker in workers:
            worker.stop()
        if running := [self._running[worker] for worker in workers if worker in self._running]:
            try:
                async with self._clock.timeout(seconds):
                    await asyncio.wait(running)
            except TimeoutError:
                logger.warning("%s: handlers still ran after %s s; their messages come again", self._name, seconds)
                await self._cancel(workers)
        for worker in workers:
            if worker.done is not None:
                self._positions.left(worker.partition, worker.done)

    async def _cancel(self, workers: Collection[Worker]) -> None:
        """Cancel workers; one whose handler doesn't end even so is left behind, and what it does counts no more."""
        running = {self._running[worker]: worker for worker in workers if worker in self._running}
        for worker in running.values():
            worker.abandon()
        for task in await cancel(running, _CANCEL):
            logger.error("%s: the handler ignores its cancellation and is left behind", task.get_name())

    def _ended(self, worker: Worker, task: asyncio.Task[None]) -> None:
        self._running.pop(worker, None)
        if task.cancelled():
            if not worker.is_abandoned:
                places = [place_of(one.record) for one in worker.running()]
                self._failed(cancelled_itself(places[0] if places else worker.partition))
        elif (error := task.exception()) is not None:
            self._failed(error)


def _listed(partitions: Collection[TopicPartition]) -> str:
    """Return partitions in words; many of them as their number in each topic."""
    if len(partitions) <= _NAMED:
        return ", ".join(map(str, sorted(partitions)))
    counts = Counter(partition.topic for partition in partitions)
    return ", ".join(f"{counted(counts[topic], 'partition')} of {topic}" for topic in sorted(counts))
