"""Works on a partition's messages side by side: those of one key in order, those of different keys at once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from math import inf

from eventy.consumer.backlog import Backlog
from eventy.consumer.handling import Handling, RefusedError, Retry
from eventy.consumer.port import Port
from eventy.consumer.work import Mark, Nap, Running, cancelled_itself
from eventy.emitter.collection import Send
from eventy.errors import HandlerError
from eventy.message.record import Record, place_of
from eventy.tasks import cancel, is_being_cancelled

logger = logging.getLogger(__name__)

# Seconds for handlers that are cancelled to end: less than their worker has, which is cancelled with them.
_CANCEL = 0.8


class Entry:
    """A message that is taken and not yet done with."""

    __slots__ = ("attempt", "error", "is_done", "is_finished", "number", "record", "sends", "since", "succeeded")

    def __init__(self, record: Record, number: int) -> None:
        self.record = record
        self.number = number
        self.attempt = 1
        self.since = 0.0
        self.sends: Sequence[Send] = ()
        self.succeeded = False
        self.error: BaseException | None = None
        self.is_finished = False
        self.is_done = False


class Lanes:
    """As many messages at once as `concurrency` says; a retry that waits takes no place among them.

    What is committed is the offset of the lowest message that isn't done, so a restart repeats those beyond it. At
    most `slice_messages` are between the two: a key that is stuck lets the partition wait, not the memory grow.

    Parameters
        failed: told at once what ends the consumer, which stops the worker. What else runs may take its time to finish.
    """

    def __init__(
        self,
        handling: Handling,
        backlog: Backlog,
        port: Port,
        mark: Mark,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._handling = handling
        self._backlog = backlog
        self._port = port
        self._clock = handling.clock
        self._concurrency = handling.options.concurrency
        self._most = max(handling.options.slice_messages, handling.options.concurrency)
        self._mark = mark
        self._stopping = handling.stopping
        self._changed = backlog.changed
        self._fail = failed
        self._batch: Iterator[Record] = iter(())
        self._taken = 0
        self._window: deque[Entry] = deque()  # by offset, from the lowest that isn't done
        self._lanes: dict[bytes, deque[Entry]] = {}  # of each key, the first is running, ready or waiting
        self._ready: deque[Entry] = deque()
        self._running: dict[asyncio.Task[None], Entry] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._finished: list[Entry] = []
        self._unwritten: set[bytes] = set()  # keys of what couldn't be flushed: nothing of them overtakes it
        self._is_idle = False
        self._in_order = handling.delivery.in_order
        self._is_broken = False

    def running(self) -> Iterable[Running]:
        return [
            Running(entry.record, entry.since, task)
            for task, entry in self._running.items()
            if entry.record.offset not in self._handling.given_up  # its handlers have returned
        ]

    async def run(self) -> None:
        try:
            while True:
                self._changed.clear()
                self._begin()
                await self._finish()
                if self._stopping.is_set() and not self._running:
                    break
                await self._idle()
        finally:
            await self._leave()

    def due(self, nap: Nap) -> float | None:
        dues = [*self._handling.pauses.dues, *(due for task in self._running if (due := nap(task)) is not None)]
        is_idle = self._is_idle and not self._changed.is_set()
        if len(dues) + is_idle <= len(self._running):  # a handler goes on, or what comes after it: the loop of `run`
            return None
        for waiting in self._waiting:
            if (due := nap(waiting)) is None:
                return None
            dues.append(due)
        return min(dues, default=inf)

    # ------------------------------------------------------------ taking and beginning

    def _begin(self) -> None:
        """Take what there is room for, and begin what may begin."""
        if self._stopping.is_set() or self._handling.is_abandoned:
            return
        while len(self._window) < self._most and (record := self._next()) is not None:
            self._take(record)
        while self._ready and len(self._running) < self._concurrency:
            entry = self._ready.popleft()
            task = asyncio.create_task(self._handle(entry), name=f"{self._handling.partition} {entry.record.offset}")
            entry.since = self._clock.monotonic()
            self._running[task] = entry
            task.add_done_callback(self._ended)

    def _next(self) -> Record | None:
        if (record := next(self._batch, None)) is None and (records := self._backlog.take()) is not None:
            self._batch = iter(records)
            record = next(self._batch, None)
        return record

    def _take(self, record: Record) -> None:
        self._taken += 1
        entry = Entry(record, self._taken)
        self._window.append(entry)
        if record.key is not None:
            lane = self._lanes.setdefault(record.key, deque())
            lane.append(entry)
            if len(lane) > 1:
                return
        self._make_ready(entry)

    def _make_ready(self, entry: Entry) -> None:
        """Have a message, the first of its key, begin soon: at once, or when its retry is due."""
        retry = self._handling.retries.get(entry.record.offset)
        if retry is None:
            self._ready.append(entry)
        else:
            self._wait_for(entry, retry)

    def _wait_for(self, entry: Entry, retry: Retry) -> None:
        entry.attempt = retry.attempt
        waiting = asyncio.create_task(self._clock.sleep(max(0.0, retry.due - self._clock.monotonic())))
        self._waiting.add(waiting)
        waiting.add_done_callback(partial(self._is_due, entry))

    def _is_due(self, entry: Entry, waiting: asyncio.Task[None]) -> None:
        self._waiting.discard(waiting)
        if not waiting.cancelled():
            self._ready.append(entry)
            self._begin()
            self._changed.set()

    # ------------------------------------------------------------ handling

    async def _handle(self, entry: Entry) -> None:
        record, handling = entry.record, self._handling
        try:
            entry.sends = await handling.attempt(record, entry.attempt, record.offset < handling.checkpoint)
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise
            await self._failed(entry, error)  # the handler's own, not ours
        except BaseException as error:  # noqa: BLE001 - sys.exit() as well: what becomes of the message is decided
            await self._failed(entry, error)
        else:
            if not handling.is_abandoned:
                handling.retries.pop(record.offset, None)
                entry.succeeded = True
                self._has_finished(entry)
                self._follow(entry)

    async def _failed(self, entry: Entry, error: BaseException) -> None:
        if self._handling.is_abandoned:
            return
        if (retry := self._handling.failed(entry.record, entry.attempt, error)) is not None:
            self._wait_for(entry, retry)
            return
        self._handling.count_poison(entry.record, entry.number, error)
        if self._in_order:  # it is given up when those before it are done, and its key waits for that
            self._handling.outcome_of(entry.record, entry.attempt, error)
            entry.error = error
            self._has_finished(entry)
        elif await self._handling.give_up(entry.record, entry.attempt, error):
            self._has_finished(entry)
            self._follow(entry)

    def _has_finished(self, entry: Entry) -> None:
        entry.is_finished = True
        self._finished.append(entry)

    def _follow(self, entry: Entry) -> None:
        """Let the next message of the key begin."""
        if (key := entry.record.key) is not None:
            lane = self._lanes[key]
            lane.popleft()
            if lane:
                self._make_ready(lane[0])
            else:
                del self._lanes[key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        entry = self._running.pop(task)
        self._handling.ended(entry.record, entry.since)
        where = place_of(entry.record)
        error = cancelled_itself(where) if task.cancelled() else task.exception()
        if error is not None and not self._handling.is_abandoned:
            self._fail(error)
        self._begin()  # not only when a flush that is under way is done
        self._changed.set()

    # ------------------------------------------------------------ flushing

    async def _finish(self) -> None:
        """Flush what has finished since, in the order of the partition, and mark how far everything is done."""
        while not self._handling.is_abandoned and not self._is_broken and (finished := self._take_finished()):
            is_flushed = False
            try:
                is_flushed = await self._flush(finished)
            except HandlerError as error:
                self._is_broken = self._in_order  # nothing may be done past it
                self._fail(error)
            if not is_flushed:
                unwritten = (entry.record.key for entry in finished if not entry.is_done)
                self._unwritten.update(key for key in unwritten if key is not None)
            self._advance()
            self._begin()
            if self._in_order and not is_flushed:
                break

    def _take_finished(self) -> list[Entry]:
        """Return what can be flushed together: in order those that follow each other, or one that is given up."""
        finished, self._finished = self._finished, []
        if not self._in_order:
            if self._unwritten:
                finished = [entry for entry in finished if entry.record.key not in self._unwritten]
            return sorted(finished, key=lambda entry: entry.record.offset)
        following = list(takewhile(lambda entry: entry.is_finished, self._window))
        return list(takewhile(lambda entry: entry.error is None, following)) or following[:1]

    async def _flush(self, entries: list[Entry]) -> bool:
        """Have messages done; False when the worker is stopped before. Raises HandlerError, PartitionMovedError."""
        if (error := entries[0].error) is not None:
            if is_done := await self._give_up(entries[0], error):
                self._follow(entries[0])
            return is_done
        sends = [send for entry in entries for send in entry.sends]
        try:
            is_done = await self._handling.flush(sends, entries[0].record.offset, entries[-1].record.offset)
        except RefusedError as refused:
            if self._handling.stops_on_exhaustion:
                raise
            return await self._flush_one_by_one(entries, refused)
        if is_done:
            for entry in entries:
                self._done(entry)
        return is_done

    async def _flush_one_by_one(self, entries: list[Entry], refused: RefusedError) -> bool:
        """Find the message whose sends are refused, and give it up."""
        if len(entries) == 1:
            return await self._give_up(entries[0], refused)
        unwritten: set[bytes | None] = set()
        for entry in entries:
            key = entry.record.key
            if key is not None and key in unwritten:
                continue  # nothing of a key overtakes
            if not await self._flush([entry]):
                if self._in_order:
                    return False
                unwritten.add(key)
        return not unwritten

    async def _give_up(self, entry: Entry, error: BaseException) -> bool:
        if not await self._handling.give_up(entry.record, entry.attempt, error):
            return False
        entry.succeeded = False
        self._done(entry)
        return True

    def _done(self, entry: Entry) -> None:
        entry.is_done = True
        entry.sends = ()
        self._handling.succeeded(entry.succeeded)

    def _advance(self) -> None:
        lowest: int | None = None
        while self._window and self._window[0].is_done:
            lowest = self._window.popleft().record.offset + 1
        if lowest is not None:
            self._mark(lowest)

    # ------------------------------------------------------------ ending

    async def _idle(self) -> None:
        self._is_idle = True
        if self._waiting or self._running:
            self._port.rests()
        try:
            await self._changed.wait()
        finally:
            self._is_idle = False

    async def _leave(self) -> None:
        """End what is left; a handler that doesn't end even so is left behind, and what it does counts no more."""
        self._handling.is_abandoned = True
        for task in await cancel({*self._running, *self._waiting}, _CANCEL):
            logger.error("%s: the handler ignores its cancellation and is left behind", task.get_name())
