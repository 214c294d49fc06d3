"""Works through one partition, message after message."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from eventy.clock import Clock
from eventy.consumer.options import ConsumerOptions
from eventy.consumer.port import Port
from eventy.emitter.collection import Send
from eventy.errors import BrokerError, BrokerUnavailableError, DecodeError, HandlerError, RecordTooLargeError
from eventy.handler.flush import flush
from eventy.handler.retry import RetryPolicy
from eventy.message.record import Record, TopicPartition

logger = logging.getLogger(__name__)

# Batches that may wait while one is worked on; more of them and the partition is paused. Pausing at one already
# would delay other partitions' traffic by up to a fetch's waiting time.
_WAITING = 2
# Seconds between tries to reach a broker that doesn't answer.
_PAUSE = 1.0


class Slice(NamedTuple):
    """What one go at a batch came to: messages before `end` are handled, the one there failed if there is an error."""

    end: int
    sends: list[Send]
    error: BaseException | None


class Worker:
    """Handles the messages of one assigned partition in order: attempts, flush, commit, slice after slice.

    Work on an assignment ends with it: a partition that comes back gets a new worker.

    Parameters
        begin: gives the offset to begin with.
        attempt: makes the nth attempt at a record and returns what it sent.
        mark: notes the offset of the first message that isn't done.
    """

    def __init__(
        self,
        partition: TopicPartition,
        *,
        port: Port,
        clock: Clock,
        options: ConsumerOptions,
        begin: Callable[[TopicPartition], Awaitable[int]],
        attempt: Callable[[Record, int], Awaitable[list[Send]]],
        mark: Callable[[TopicPartition, int], None],
    ) -> None:
        self.partition = partition
        self.position: int | None = None
        self.done: int | None = None
        self._port = port
        self._clock = clock
        self._options = options
        self._retry = RetryPolicy(
            options.max_retries, options.retry_interval, options.retry_backoff_coeff, options.retry_max_interval
        )
        self._begin = begin
        self._attempt = attempt
        self._mark = mark
        self._batches: deque[Sequence[Record]] = deque()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self.is_abandoned = False

    # ------------------------------------------------------------ what the supervisor calls

    def offer(self, records: Sequence[Record]) -> None:
        """Take a batch, unless the position isn't known yet: then the seek that follows brings it again."""
        if self.position is None or self._stopping.is_set():
            return
        self.position = records[-1].offset + 1
        self._batches.append(records)
        self._arrived.set()
        if len(self._batches) >= _WAITING:
            self._port.pause(self.partition)

    def rewind(self) -> None:
        """Have everything from the next expected record on fetched again."""
        if self.position is not None:
            self._port.seek(self.partition, self.position)

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what runs is finished."""
        self._stopping.set()
        self._arrived.set()

    def abandon(self) -> None:
        """Stop, and have what still runs count no more: the partition is somebody else's."""
        self.is_abandoned = True
        self.stop()

    # ------------------------------------------------------------ the work

    async def run(self) -> None:
        """Work until `stop`. Raises HandlerError for a message that is given up."""
        await self._find_position()
        while (records := await self._next_batch()) is not None:
            await self._work_through(records)

    async def _find_position(self) -> None:
        while not self._stopping.is_set():
            try:
                self.position = self.done = await self._begin(self.partition)
            except BrokerError as error:
                logger.warning("%s: position unknown, asking again: %s", self.partition, error)
                await self._pause(_PAUSE)
            else:
                # Commit where a new group begins, or it would skip what arrives before its first commit.
                self._mark(self.partition, self.position)
                self._port.seek(self.partition, self.position)
                self._port.resume(self.partition)
                return

    async def _next_batch(self) -> Sequence[Record] | None:
        while not self._batches and not self._stopping.is_set():
            self._arrived.clear()
            await self._arrived.wait()
        if self._stopping.is_set():
            return None
        records = self._batches.popleft()
        if len(self._batches) == _WAITING - 1:
            self._port.resume(self.partition)
        return records

    async def _work_through(self, records: Sequence[Record]) -> None:
        at, attempt = 0, 1
        while at < len(records) and not self._stopping.is_set():
            done = await self._slice(records, at, attempt)
            if self.is_abandoned:
                return
            if done.end > at:
                if not await self._flush(done.sends, records[at].offset, records[done.end - 1].offset):
                    return
                self.done = records[done.end - 1].offset + 1
                self._mark(self.partition, self.done)
                at, attempt = done.end, 1
            if done.error is not None:
                await self._wait_for_retry(records[at], attempt, done.error)
                attempt += 1
            else:
                await self._clock.sleep(0)  # handlers that never wait would keep the loop to themselves

    async def _slice(self, records: Sequence[Record], at: int, attempt: int) -> Slice:
        """Attempt messages until one fails or the slice is full; one that is tried again is a slice of its own."""
        sends: list[Send] = []
        limit = 1 if attempt > 1 else self._options.slice_messages
        end = min(at + limit, len(records))
        deadline = self._clock.monotonic() + self._options.slice_time / 1000
        while at < end and not self._stopping.is_set():
            try:
                sends += await self._attempt(records[at], attempt)
            except asyncio.CancelledError as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                return Slice(at, sends, error)  # the handler's own, not ours
            except BaseException as error:  # noqa: BLE001 - sys.exit() as well: what becomes of the message is decided
                return Slice(at, sends, error)
            at += 1
            if self._clock.monotonic() >= deadline:
                break
        return Slice(at, sends, None)

    async def _flush(self, sends: list[Send], first: int, last: int) -> bool:
        """Write what was sent, however long the broker is away; False when the worker is stopped before.

        Raises HandlerError when the broker is there and refuses.
        """
        refusals = 0
        while sends:
            try:
                await flush(sends)
            except BrokerUnavailableError as error:
                logger.warning("%s: sends not acknowledged, writing them again: %s", self.partition, error)
                await self._pause(_PAUSE)
            except (BrokerError, RecordTooLargeError) as error:
                refusals += 1
                wait = None if isinstance(error, RecordTooLargeError) else self._retry.wait_after(refusals, error)
                if wait is None:
                    raise HandlerError(_refused(self.partition, first, last, error)) from error
                logger.warning("%s: sends refused, writing them again: %s", self.partition, error)
                await self._pause(wait)
            else:
                break
            if self._stopping.is_set():
                return False
        return True

    async def _wait_for_retry(self, record: Record, attempt: int, error: BaseException) -> None:
        wait = self._retry.wait_after(attempt, error)
        where = f"{self.partition} offset {record.offset}"
        if wait is None:
            raise HandlerError(_given_up(where, attempt, error)) from error
        logger.warning("%s: attempt %d failed, next in %g s", where, attempt, wait, exc_info=error)
        self._port.hold(self.partition)
        try:
            await self._pause(wait)
        finally:
            self._port.release(self.partition)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until `stop`."""
        waits = {asyncio.create_task(self._clock.sleep(seconds)), asyncio.create_task(self._stopping.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _refused(partition: TopicPartition, first: int, last: int, error: BaseException) -> str:
    where = f"offset {first}" if first == last else f"offsets {first} to {last}"
    return f"{partition} {where}: what was sent while handling them was refused: {error}. Nothing of it was committed"


def _given_up(where: str, attempt: int, error: BaseException) -> str:
    if isinstance(error, DecodeError):
        return f"{where}: the message can't be decoded: {error}. Nothing was committed past it"
    tried = "1 attempt" if attempt == 1 else f"{attempt} attempts"
    return (
        f"{where}: given up after {tried}, the last one failed with {type(error).__name__}: {error}. "
        "Nothing was committed past it: mend the handler or the message, then start again"
    )
