"""The engine of every consumer: supervises a port, and has a worker for each assigned partition."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from abc import abstractmethod
from collections.abc import Collection, Sequence
from functools import partial
from typing import Unpack

from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer, Deliver, Scope
from eventy.consumer.options import ConsumerOptions, ConsumerOverrides
from eventy.consumer.port import Port
from eventy.consumer.positions import Positions, check_position
from eventy.consumer.progress import Progress
from eventy.consumer.worker import Worker
from eventy.errors import BrokerError, ConfigurationError, ShutdownTimeoutError
from eventy.handler.attempt import Attempt
from eventy.message.record import TopicPartition
from eventy.serializer.base import BaseEventSerializer

logger = logging.getLogger(__name__)

# Seconds between a failed fetch and the next.
_PAUSE = 0.2
# Seconds for handlers that are cancelled to end.
_ABORT = 1.0


class EngineConsumer(BaseEventConsumer):
    """Everything a consumer does but talk to its broker.

    Parameters
        serializer: gives messages their events.
        clock: gives the time.
        event_topics: the topics to read.
        event_group: shares partitions and offsets with its other members; None: all partitions, no offsets.
        position: where to begin, see `eventy.consumer.positions`.
        scope: opened around each attempt at a message, such as `database.transaction`.
        options: retries and the like; single ones can be given as keywords beside.

    Raises ConfigurationError.
    """

    def __init__(
        self,
        *,
        serializer: BaseEventSerializer,
        clock: Clock,
        event_topics: Sequence[str],
        event_group: str | None,
        position: str,
        scope: Scope | None = None,
        options: ConsumerOptions | None = None,
        **overrides: Unpack[ConsumerOverrides],
    ) -> None:
        if isinstance(event_topics, str) or not event_topics:
            raise ConfigurationError(f"event_topics is {event_topics!r}, expected a list of one topic or more")
        check_position(position, event_group)
        self.topics = tuple(event_topics)
        self.group = event_group
        self._serializer = serializer
        self._clock = clock
        self._scope = scope
        self._options = dataclasses.replace(options or ConsumerOptions(), **overrides)
        self._position = position
        self._workers: dict[TopicPartition, Worker] = {}
        self._running: dict[Worker, asyncio.Task[None]] = {}
        self._supervisor: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._opened = False
        self._stopping = False
        self._answered = False

    @abstractmethod
    def _port(self) -> Port:
        """Return a new port to the broker."""

    @property
    def name(self) -> str:
        group = f"group {self.group}" if self.group is not None else "no group"
        return f"consumer of {', '.join(self.topics)} ({group})"

    # ------------------------------------------------------------ life

    async def start(self, deliver: Deliver) -> None:
        self._ended = asyncio.get_running_loop().create_future()
        self.port = self._port()
        self._positions = Positions(self.port, self._position)
        self._progress = Progress(self.port.commit, self._clock, self._fail)
        self._attempt = Attempt(self._serializer, deliver, self._scope, self.group)
        self._supervisor = asyncio.create_task(self._supervise(), name=self.name)

    async def wait(self) -> None:
        await asyncio.shield(self._ended)
        if self._failure is not None:
            raise self._failure

    def readiness(self) -> str | None:
        if self._failure is not None:
            return f"failed: {self._failure}"
        if self._stopping:
            return "stopped"
        if not self._answered:
            return "no partitions assigned yet"
        waiting = [str(worker.partition) for worker in self._workers.values() if worker.position is None]
        return f"finding where to begin in {', '.join(waiting)}" if waiting else None

    async def stop(self) -> None:
        if self._supervisor is None or self._ended.done():
            return
        failed_before = self._failure is not None
        try:
            if self._failure is None:
                await self.port.drain()
            await self._close()
        except asyncio.CancelledError:
            lost = self.port.lost()
            await self._abort()
            if lost:
                raise ShutdownTimeoutError(f"{self.name}: {lost} messages were not handled and are lost") from None
            raise
        if self._failure is not None and not failed_before:
            raise self._failure

    async def _supervise(self) -> None:
        try:
            await self.port.open(self)
            self._opened = True
            self._progress.start()
            while not self._stopping:
                await self._fetch()
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            self._fail(BrokerError("the broker's client cancelled a fetch of its own accord"))
        except Exception as error:  # noqa: BLE001 - whatever it is, a live process must not have a dead consumer
            self._fail(error)

    async def _fetch(self) -> None:
        try:
            batches = await self.port.fetch()
        except BrokerError as error:
            logger.warning("%s: fetching failed, trying again: %s", self.name, error)
            for worker in self._workers.values():
                worker.rewind()
            await self._clock.sleep(_PAUSE)
            return
        for partition, records in batches.items():
            if records and partition in self._workers:
                self._workers[partition].offer(records)

    def _fail(self, error: BaseException) -> None:
        """End the consumer for a reason of its own; the others of the process go on until the application stops."""
        if self._stopping:
            logger.warning("%s: failed while it was stopping: %s", self.name, error)
        elif self._failure is None:
            self._failure = error
            self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        """Stop fetching, finish what runs, commit, leave."""
        if self._closing is not None and self._closing is not asyncio.current_task():
            await asyncio.shield(self._closing)
            return
        self._stopping = True
        self.port.interrupt()
        await self._finish(list(self._workers.values()), None)
        self._workers.clear()
        await self._supervised()
        await self._progress.flush()
        if lost := self.port.lost():
            logger.error("%s: %d messages were not handled and are lost", self.name, lost)
        await self.port.close()
        self._end()

    async def _abort(self) -> None:
        self._stopping = True
        tasks = [task for task in (*self._running.values(), self._closing, self._supervisor) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_ABORT)
        await self._progress.cancel()
        await self.port.close()
        self._end()

    async def _supervised(self) -> None:
        """Wait for the last fetch; an attempt to connect isn't waited for."""
        if self._supervisor is not None:
            if not self._opened:
                self._supervisor.cancel()
            await asyncio.wait({self._supervisor})

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    # ------------------------------------------------------------ partitions come and go

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        if self._stopping:
            return
        self._positions.assigned(partitions)
        for partition in partitions:
            worker = Worker(
                partition,
                port=self.port,
                clock=self._clock,
                options=self._options,
                begin=self._positions.begin,
                attempt=self._attempt,
                mark=self._progress.mark,
            )
            self._workers[partition] = worker
            task = self._running[worker] = asyncio.create_task(worker.run(), name=f"{self.name} {partition}")
            task.add_done_callback(partial(self._worker_ended, worker))
        self._answered = True
        self._progress.start()
        logger.info("%s: assigned %s", self.name, ", ".join(sorted(map(str, partitions))) or "nothing")

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        workers = [self._workers.pop(partition) for partition in partitions if partition in self._workers]
        await self._finish(workers, self.port.revoke_timeout)
        await self._progress.flush()
        self._progress.forget()

    async def _finish(self, workers: list[Worker], seconds: float | None) -> None:
        """Let workers end what runs; cancel those that take longer."""
        for worker in workers:
            worker.stop()
        running = [self._running[worker] for worker in workers if worker in self._running]
        if running:
            try:
                async with self._clock.timeout(seconds):
                    await asyncio.wait(running)
            except TimeoutError:
                logger.warning("%s: handlers still ran after %s s; their messages come again", self.name, seconds)
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
        for worker in workers:
            if worker.done is not None:
                self._positions.left(worker.partition, worker.done)

    def _worker_ended(self, worker: Worker, task: asyncio.Task[None]) -> None:
        self._running.pop(worker, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
