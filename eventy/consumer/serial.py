"""Works on a partition's messages one after the other, in slices that are flushed and committed together."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eventy.consumer.backlog import Backlog
from eventy.consumer.handling import Handling, RefusedError, Retry
from eventy.consumer.port import Port
from eventy.consumer.turns import STINT
from eventy.consumer.work import Mark, Nap, Running
from eventy.emitter.collection import Send
from eventy.message.record import Record
from eventy.tasks import is_being_cancelled


class Slice(NamedTuple):
    """What one go at a batch came to: messages before `end` are handled, the one there failed if there is an error."""

    end: int
    sends: list[Send]
    error: BaseException | None


class Serial:
    """One message at a time; while one waits for its retry, the partition does."""

    def __init__(self, handling: Handling, backlog: Backlog, port: Port, mark: Mark) -> None:
        self._handling = handling
        self._backlog = backlog
        self._port = port
        self._clock = handling.clock
        self._slice_messages = handling.options.slice_messages
        self._slice_time = handling.options.slice_time / 1000
        self._mark = mark
        self._stopping = handling.stopping
        self._changed = backlog.changed
        self._turns = handling.turns
        self._singly_below = 0
        self._taken = 0
        self._at: Record | None = None
        self._since = 0.0
        self._task: asyncio.Task[None] | None = None

    def running(self) -> Iterable[Running]:
        if self._at is not None and self._task is not None:
            yield Running(self._at, self._since, self._task)

    def due(self, nap: Nap) -> float | None:
        if pauses := self._handling.pauses.dues:
            return min(pauses)
        return nap(self._task) if self._task is not None else None

    async def run(self) -> None:
        self._task = asyncio.current_task()
        while (records := await self._next()) is not None:
            at = 0
            while at < len(records) and not self._stopping.is_set():
                at = await self._advance(records, at)
                await self._clock.sleep(0)  # handlers that never wait would keep the loop to themselves
            self._taken += len(records)

    async def _next(self) -> Sequence[Record] | None:
        while not self._stopping.is_set():
            if (records := self._backlog.take()) is not None:
                return records
            self._changed.clear()
            await self._changed.wait()
        return None

    async def _advance(self, records: Sequence[Record], at: int) -> int:
        """Work on one slice, and return where the next begins: the same place while its message fails."""
        retry = self._handling.retries.get(records[at].offset)
        if retry is not None and not await self._due(retry):
            return at
        attempt = retry.attempt if retry is not None else 1
        done = await self._slice(records, at, self._end(records, at, attempt), attempt)
        if self._handling.is_abandoned:
            return at
        if done.end > at and not await self._finished(done.sends, records[at : done.end], attempt):
            return at
        if done.error is not None:
            return await self._failed(records, done.end, attempt if done.end == at else 1, done.error)
        return done.end

    async def _due(self, retry: Retry) -> bool:
        """Wait for a retry, with nothing more fetched meanwhile; False when stopped before."""
        if (wait := retry.due - self._clock.monotonic()) > 0:
            self._port.hold(self._handling.partition)
            try:
                await self._handling.pause(wait)
            finally:
                self._port.release(self._handling.partition)
        return not self._stopping.is_set()

    def _end(self, records: Sequence[Record], at: int, attempt: int) -> int:
        """Return where a slice ends at the latest: a retry is one of its own, and a replay doesn't share one."""
        first = records[at].offset
        limit = 1 if attempt > 1 or first < self._singly_below else self._slice_messages
        end = min(at + limit, len(records))
        for border in (self._handling.checkpoint, *self._handling.retries):
            if first < border <= records[end - 1].offset:
                end = bisect_left(records, border, at, end, key=lambda record: record.offset)
        return end

    async def _slice(self, records: Sequence[Record], at: int, end: int, attempt: int) -> Slice:
        """Attempt messages until one fails or the time is up."""
        sends: list[Send] = []
        try_ = self._handling.attempt
        monotonic, stopping = self._clock.monotonic, self._stopping
        is_replaying = records[at].offset < self._handling.checkpoint
        turns = self._turns
        await turns.begin()
        now = rested = monotonic()
        deadline = now + self._slice_time
        try:
            while at < end and not stopping.is_on:
                self._at = record = records[at]
                self._since = now
                if sent := await try_(record, attempt, is_replaying):
                    sends += sent
                at += 1
                if (now := monotonic()) >= deadline:
                    self._handling.ended(records[at - 1], self._since)
                    break
                if now - rested >= STINT:
                    self._at = None
                    await turns.rest()
                    now = rested = monotonic()
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise  # `running` goes on to say which message it was: its handler may have cancelled this very task
            done = Slice(at, sends, error)  # the handler's own, not ours
        except BaseException as error:  # noqa: BLE001 - sys.exit() as well: what becomes of the message is decided
            self._handling.ended(records[at], self._since)
            done = Slice(at, sends, error)
        else:
            done = Slice(at, sends, None)
        self._at = None
        return done

    async def _finished(self, sends: list[Send], records: Sequence[Record], attempt: int) -> bool:
        """Have a slice done with; False when it is to be begun again, unless the worker is stopped.

        Raises HandlerError.
        """
        first, last = records[0].offset, records[-1].offset
        try:
            if not await self._handling.flush(sends, first, last):
                return False
        except RefusedError as refused:
            if self._handling.stops_on_exhaustion:
                raise
            if len(records) > 1:
                self._singly_below = last + 1  # finds the message whose sends are refused
                return False
            if not await self._handling.give_up(records[0], attempt, refused):
                return False
        else:
            if attempt > 1:
                self._handling.retries.pop(first, None)
            self._handling.succeeded(len(records))
        self._mark(last + 1)
        return True

    async def _failed(self, records: Sequence[Record], at: int, attempt: int, error: BaseException) -> int:
        record = records[at]
        if self._handling.failed(record, attempt, error) is not None:
            return at
        self._handling.count_poison(record, self._taken + at, error)
        if not await self._handling.give_up(record, attempt, error):
            return at
        self._mark(record.offset + 1)
        return at + 1
