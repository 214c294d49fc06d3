"""A consumer between its start and its end: fetches, supervises, and ends in good order or by an error."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from eventy.consumer.assignment import Assignment
from eventy.consumer.blocks import Blocks
from eventy.consumer.checkpoints import CheckpointCallback, Checkpoints
from eventy.consumer.handling import Retry
from eventy.consumer.port import Port
from eventy.consumer.positions import Positions
from eventy.consumer.progress import Progress
from eventy.consumer.stalls import Stalls
from eventy.consumer.treatment import Treatment
from eventy.consumer.unfinished import Waiting, messages, of_others, stack
from eventy.consumer.work import Nap, Running
from eventy.consumer.worker import Worker
from eventy.errors import BrokerError, ShutdownTimeoutError
from eventy.message.record import Record, TopicPartition, place_of
from eventy.tasks import is_being_cancelled
from eventy.words import counted, described

logger = logging.getLogger(__name__)

# Seconds between a failed fetch and the next.
_PAUSE = 0.2
# Handlers whose stack is logged at the shutdown deadline.
_SHOWN = 3
# Seconds for leaving the broker once the shutdown deadline has passed.
_LEAVE = 1.0


class Run:
    """Supervises a port and the workers of the partitions that it is assigned; it begins with its construction.

    Parameters
        name: of the consumer, for the log.
        position: where to begin, see `eventy.consumer.positions`.
    """

    def __init__(
        self,
        name: str,
        treatment: Treatment,
        *,
        port: Port,
        position: str,
    ) -> None:
        clock = treatment.clock
        self._name = name
        self._port = port
        self._clock = clock
        positions = Positions(port, position, treatment.group)
        retries: defaultdict[TopicPartition, dict[int, Retry]] = defaultdict(dict)
        self._retries = retries
        self._progress = Progress(port.commit, clock, self._fail)
        self._checkpoints = Checkpoints(self._fail)

        def worker(partition: TopicPartition) -> Worker:
            return Worker(
                partition,
                treatment,
                port=port,
                positions=positions,
                checkpoints=self._checkpoints,
                progress=self._progress,
                retries=retries[partition],
                failed=self._fail,
            )

        self._assignment = Assignment(
            name,
            port=port,
            clock=clock,
            positions=positions,
            checkpoints=self._checkpoints,
            progress=self._progress,
            worker=worker,
            failed=self._fail,
        )
        self._failure: BaseException | None = None
        self._trouble: str | None = None
        self._opened = False
        self._halted = False
        self._stopped = False
        self._ended = asyncio.Event()
        self._stalls = Stalls(name, clock, treatment.options.stall_timeout, self._assignment.running)
        self._blocks = Blocks(name, clock, self._assignment.running, self._assignment.take_longest)
        self._supervisor = asyncio.create_task(self._supervise(), name=name)

    def set_checkpoint_callback(self, callback: CheckpointCallback) -> None:
        """Say who is told that all partitions are read up to their checkpoints."""
        self._checkpoints.set_callback(callback)

    def lost(self) -> int:
        """Return how many messages would be lost if the process ended now."""
        return self._port.lost()

    def running(self) -> Sequence[Running]:
        """Return the messages whose handlers run."""
        return list(self._assignment.running())

    def waiting(self) -> Sequence[Waiting]:
        """Return the messages that wait for their next attempt."""
        return self._waiting(self._assignment.running(), self._clock.monotonic())

    def stalled(self) -> Sequence[Running]:
        """Return the messages whose handlers run longer than they may."""
        return self._stalls.stalled()

    def longest(self) -> float:
        """Return the seconds that the handlers of a message have run, those which have run longest; 0: none run."""
        now = self._clock.monotonic()
        return max((now - running.since for running in self._assignment.running()), default=0.0)

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return how far partitions are behind, where it is known, see `Worker.lag`."""
        return self._assignment.lag()

    def flushing(self) -> Iterable[TopicPartition]:
        """Return the partitions whose sends aren't acknowledged yet."""
        return self._assignment.flushing()

    @property
    def name(self) -> str:
        """The consumer's."""
        return self._name

    def partitions(self) -> Sequence[TopicPartition]:
        """Return the partitions that it has."""
        return self._assignment.partitions()

    async def has_done(self, partition: TopicPartition, offset: int) -> bool:
        """Return whether all of a partition before an offset is done, what has no records there included."""
        return self._assignment.is_idle(partition) and await self._port.position(partition) >= offset

    def dues(self, nap: Nap) -> Iterable[float | None]:
        """Return of each partition until when all of it waits for the clock, see `Worker.due`."""
        return self._assignment.dues(nap)

    async def wait(self) -> None:
        """Return when stopped; raise what ended the consumer otherwise."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def readiness(self) -> str | None:
        """Return None when messages are received, else the reason why not."""
        if self._failure is not None:
            return f"failed: {self._failure}"
        if self._halted:
            return "stopped"
        port = self._port.readiness() if self._opened else None
        return port or self._trouble or self._assignment.readiness() or self._stalls.readiness()

    @property
    def is_over(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped

    async def stop(self) -> None:
        """Finish what runs, flush, commit and leave. Raises what the consumer failed by.

        When cancelled: give up at once. Raises ShutdownTimeoutError when messages are left unhandled with that.
        """
        if self._stopped:
            return
        self._stopped = True
        try:
            await self._drain()
            await self._close()
        except asyncio.CancelledError:
            unfinished = self._unfinished()
            await self._abort()
            if unfinished:
                deadline = "the shutdown deadline (EVENTY_SHUTDOWN_TIMEOUT) has passed"
                raise ShutdownTimeoutError(f"{self._name}: {deadline}; {unfinished}") from None
            raise
        except Exception:
            await self._abort()  # an end that fails leaves nothing running either
            raise
        finally:
            await self._stalls.stop()
            await self._blocks.stop()
            self._ended.set()
        if self._failure is not None:
            raise self._failure

    # ------------------------------------------------------------ fetching

    async def _supervise(self) -> None:
        try:
            await self._port.open(self._assignment)
            self._opened = True
            while not self._halted:
                await self._fetch()
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            self._fail(BrokerError("the broker's client cancelled a fetch of its own accord"))
        except Exception as error:  # noqa: BLE001 - whatever it is, a live process must not have a dead consumer
            self._fail(error)

    async def _fetch(self) -> None:
        try:
            self._assignment.offer(await self._fetched())
            await self._assignment.look_at_positions()
        except BrokerError as error:
            logger.warning("%s: fetching failed, trying again: %s", self._name, error)
            self._assignment.rewind()
            await self._clock.sleep(_PAUSE)

    async def _fetched(self) -> Mapping[TopicPartition, Sequence[Record]]:
        try:
            batches = await self._port.fetch()
        except BrokerError as error:
            self._trouble = f"fetching fails: {error}"
            raise
        self._trouble = None
        return batches

    # ------------------------------------------------------------ ending

    def _fail(self, error: BaseException) -> None:
        """Begin nothing new, and tell whoever waits; `stop` does the rest."""
        if self._failure is None:
            self._failure = error
        else:
            logger.error("%s: failed as well: %s", self._name, error)
        self._halt()
        self._ended.set()

    def _halt(self) -> None:
        self._halted = True
        self._port.interrupt()
        self._assignment.halt()

    async def _drain(self) -> None:
        if self._failure is None:
            try:
                await self._port.drain()
            except Exception as error:  # noqa: BLE001 - what runs is finished all the same
                self._fail(error)

    async def _close(self) -> None:
        self._halt()
        if not self._opened:
            self._supervisor.cancel()  # an attempt to connect isn't waited for, the last fetch is
        await self._assignment.finish()
        await asyncio.wait({self._supervisor})
        await self._progress.flush()
        await self._checkpoints.stop()
        if lost := self._port.lost_by_leaving():
            logger.error("%s: %s", self._name, _lost(lost))
        await self._port.close()

    def _unfinished(self) -> str:
        """Log where handlers are, and return what isn't done: this consumer's, else what it waits for with others."""
        running, now = list(self._assignment.running()), self._clock.monotonic()
        for one in running[:_SHOWN]:
            logger.error(
                "%s: the handlers of %s still run after %.0f s. They are here:\n%s",
                self._name,
                place_of(one.record),
                now - one.since,
                stack(one),
            )
        waiting, given_up = self._waiting(running, now), self._assignment.given_up()
        own = messages(running, waiting, given_up, self._assignment.flushing(), now)
        left = [f"unfinished: {own}"] if own else []
        if lost := self._port.lost_by_leaving():
            left.append(_lost(lost))
        if not left and (others := of_others(self._port.lag())):
            left.append(f"this consumer is done, and has waited for others: {others}")
        return "; ".join(left)

    def _waiting(self, running: Iterable[Running], now: float) -> list[Waiting]:
        records = (*(one.record for one in running), *self._assignment.given_up())
        begun = {(record.topic, record.partition, record.offset) for record in records}
        return [
            Waiting(partition, offset, retry.attempt, max(0.0, retry.due - now))
            for partition, retries in self._retries.items()
            for offset, retry in retries.items()
            if self._assignment.has(partition) and (*partition, offset) not in begun
        ]

    async def _abort(self) -> None:
        self._halt()
        self._supervisor.cancel()
        await self._assignment.cancel()
        await self._progress.cancel()
        await self._checkpoints.stop()
        leaving = asyncio.create_task(self._port.close(), name=f"{self._name}: leaving the broker")
        leaving.add_done_callback(self._has_left)
        await asyncio.wait({leaving}, timeout=_LEAVE)
        if not leaving.done():
            leaving.cancel()
            logger.warning("%s: the broker was left without a word", self._name)

    def _has_left(self, leaving: asyncio.Task[None]) -> None:
        if not leaving.cancelled() and (error := leaving.exception()) is not None:
            logger.warning("%s: leaving the broker failed: %s", self._name, described(error))


def _lost(count: int) -> str:
    was, is_ = ("was", "is") if count == 1 else ("were", "are")
    return f"{counted(count, 'message')} {was} not handled and {is_} lost: nothing in memory outlives the process"
