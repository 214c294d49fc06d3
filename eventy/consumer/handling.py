"""What is done with the messages of one partition, in whatever order they are worked on: attempt, flush, give up."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple, cast

from eventy.consumer.delivery import Delivery
from eventy.consumer.pauses import Pauses
from eventy.consumer.treatment import Treatment
from eventy.emitter.collection import Send
from eventy.errors import (
    BrokerError,
    BrokerUnavailableError,
    DecodeError,
    HandlerError,
    RecordTooLargeError,
    TransactionError,
)
from eventy.handler.dead_letter import dead_letter
from eventy.handler.exhaustion import Outcome, outcome
from eventy.handler.poison import PoisonRow
from eventy.handler.retry import RetryPolicy
from eventy.message.record import Record, TopicPartition, place_of
from eventy.tasks import Stop
from eventy.words import counted, described

logger = logging.getLogger(__name__)

# Seconds between tries to reach a broker that doesn't answer.
_PAUSE = 1.0
# Seconds before a transaction that came to nothing is made again: the broker is there.
_RENEWAL = 0.1
# Tries to write the same sends before it may be their number that fails.
_DOUBTS = 3


class Retry(NamedTuple):
    """The next attempt at a message, and when it may be made, on the clock that never goes back."""

    attempt: int
    due: float


class Ended(NamedTuple):
    """An attempt that has ended, and how long it took."""

    record: Record
    seconds: float


class RefusedError(HandlerError):
    """The broker refuses what was sent while a slice of messages was handled."""


class Handling:
    """Carries out what is decided of messages.

    Parameters
        checkpoint: below it everything has been handled before.
        delivery: writes what messages come to.
        retries: what failed and will be tried again, by offset. It is there before this assignment and after it: a
            rebalance doesn't give a message its attempts back.
        stopping: set when nothing new may begin.
    """

    def __init__(
        self,
        partition: TopicPartition,
        treatment: Treatment,
        *,
        checkpoint: int,
        delivery: Delivery,
        retries: dict[int, Retry],
        stopping: Stop,
    ) -> None:
        options = treatment.options
        self.partition = partition
        self.clock = treatment.clock
        self.options = options
        self.attempt = treatment.attempt
        self.delivery = delivery
        self.retries = retries
        self.counts = treatment.counts
        self.turns = treatment.turns
        self.checkpoint = checkpoint
        self.stopping = stopping
        self.pauses = Pauses(treatment.clock, stopping)
        self.is_flushing = False  # what was sent isn't acknowledged yet
        self.given_up: dict[int, Record] = {}  # by offset, until the broker has acknowledged what becomes of them
        self._longest: Ended | None = None
        self.is_abandoned = False  # the partition is somebody else's: what still runs counts no more
        self._group = treatment.group
        self._poison = PoisonRow(options.max_poison, max(options.slice_messages, options.concurrency))
        self._policy = RetryPolicy(
            options.max_retries,
            options.retry_interval,
            options.retry_backoff_coeff,
            options.retry_max_interval,
            options.retry_jitter,
        )

    def ended(self, record: Record, since: float) -> None:
        """Note how long an attempt has taken, if it's the longest one since `take_longest`."""
        seconds = self.clock.monotonic() - since
        if self._longest is None or seconds > self._longest.seconds:
            self._longest = Ended(record, seconds)

    def take_longest(self) -> Ended | None:
        """Return the longest attempt that was noted since the last call."""
        longest, self._longest = self._longest, None
        return longest

    def succeeded(self, count: int) -> None:
        """Count messages that are done, their sends acknowledged."""
        self.counts.handled += count

    def failed(self, record: Record, attempt: int, error: BaseException) -> Retry | None:
        """Note the retry of an attempt that failed, and return it; None when the message is to be given up."""
        wait = self._policy.wait_after(attempt, error)
        if wait is None:
            return None
        logger.warning("%s: attempt %d failed, next in %g s", place_of(record), attempt, wait, exc_info=error)
        self.counts.retried += 1
        retry = self.retries[record.offset] = Retry(attempt + 1, self.clock.monotonic() + wait)
        return retry

    # ------------------------------------------------------------ giving up

    def outcome_of(self, record: Record, attempt: int, error: BaseException) -> Outcome:
        """Return what is to become of a message that is given up.

        Raises HandlerError when the consumer must stop: nothing may be committed past the message.
        """
        is_replaying = record.offset < self.checkpoint
        what = outcome(cast(Outcome, self.options.on_exhausted), group=self._group, is_replaying=is_replaying)
        if what == "stop":
            self._show(record, attempt, error)
            raise HandlerError(_given_up(place_of(record), attempt, error)) from error
        return what

    def _show(self, record: Record, attempt: int, error: BaseException) -> None:
        """Log where a handler failed, before anything else is stopped; of other errors the text says all."""
        if not isinstance(error, DecodeError | RefusedError):
            logger.error("%s: given up after %s", place_of(record), counted(attempt, "attempt"), exc_info=error)

    async def give_up(self, record: Record, attempt: int, error: BaseException) -> bool:
        """Skip a message or put it aside, as is set; False when the worker is stopped before.

        Raises HandlerError as `outcome_of` does, PartitionMovedError.
        """
        what = self.outcome_of(record, attempt, error)
        self.given_up[record.offset] = record
        try:
            if what == "dead_letter":
                is_done = await self._put_aside(record, attempt, error)
            else:
                is_done = await self._pass_over(record, attempt, error)
        finally:
            del self.given_up[record.offset]
        if is_done:
            self.retries.pop(record.offset, None)
        return is_done

    async def _pass_over(self, record: Record, attempt: int, error: BaseException) -> bool:
        if not await self.flush([], record.offset, record.offset):
            return False
        self.counts.skipped += 1
        logger.error("%s: passed over after attempt %d", place_of(record), attempt, exc_info=error)
        return True

    def count_poison(self, record: Record, number: int, error: BaseException) -> None:
        """Count a message if it is one that can't be decoded, before it is given up.

        Parameters
            number: of the message, among those that were taken.

        Raises HandlerError when they are too many in a row: it isn't they that are wrong then.
        """
        if not isinstance(error, DecodeError):
            return
        self.counts.poison += 1
        if self._poison.add(number):
            raise HandlerError(
                f"{place_of(record)}: the message can't be decoded: {error}. It makes more than "
                f"{self.options.max_poison} in a row (EVENTY_CONSUMER_MAX_POISON), so something else is wrong, the "
                "schemas of this deployment for example. Nothing was committed past it: mend that"
            ) from error

    async def _put_aside(self, record: Record, attempt: int, error: BaseException) -> bool:
        where = place_of(record)
        letter = dead_letter(record, error, group=self._group, suffix=self.options.dead_letter_suffix)
        refusals = 0
        while not self.stopping.is_set():
            try:
                await self.delivery.write_letter(letter, record.offset + 1)
            except (BrokerUnavailableError, TransactionError) as trouble:
                logger.warning("%s: dead letter not acknowledged, writing it again: %s", where, trouble)
                await self._pause_after(trouble)
            except (BrokerError, RecordTooLargeError) as refusal:
                refusals += 1
                wait = self._policy.wait_after(refusals, refusal)
                if wait is None:
                    self._show(record, attempt, error)
                    raise HandlerError(
                        f"{where}: given up, and its dead letter to {letter.record.topic} is refused: {refusal}. "
                        "Nothing was committed past it: mend that"
                    ) from refusal
                logger.warning("%s: dead letter refused, writing it again: %s", where, refusal)
                await self.pause(wait)
            else:
                self.counts.dead_lettered += 1
                logger.error("%s: put aside in %s", where, letter.record.topic, exc_info=error)
                return True
        return False

    @property
    def stops_on_exhaustion(self) -> bool:
        return self.options.on_exhausted == "stop"

    # ------------------------------------------------------------ flushing

    async def flush(self, sends: Sequence[Send], first: int, last: int) -> bool:
        """Write what was sent, however long the broker is away; False when the worker is stopped before.

        Parameters
            first, last: the offsets of the messages that it was sent for.

        Raises RefusedError when the broker is there and refuses, PartitionMovedError.
        """
        self.is_flushing = bool(sends)
        try:
            with self.turns.flushing():
                return await self._flush(sends, first, last)
        finally:
            self.is_flushing = False

    async def _flush(self, sends: Sequence[Send], first: int, last: int) -> bool:
        refusals = doubts = 0
        while True:
            try:
                await self.delivery.write(sends, last + 1)
            except (BrokerUnavailableError, TransactionError) as error:
                doubts += 1
                advice = self._advice(len(sends), first, last) if doubts >= _DOUBTS else ""
                logger.warning("%s: sends not acknowledged, writing them again: %s%s", self.partition, error, advice)
                await self._pause_after(error)
            except (BrokerError, RecordTooLargeError) as error:
                refusals += 1
                wait = self._policy.wait_after(refusals, error)
                if wait is None:
                    raise RefusedError(_refused(self.partition, first, last, error)) from error
                logger.warning("%s: sends refused, writing them again: %s", self.partition, error)
                await self.pause(wait)
            else:
                return True
            if self.stopping.is_set():
                return False

    def _advice(self, sends: int, first: int, last: int) -> str:
        """Return what a warning adds about sends that are written again and again."""
        options = self.options
        if sends <= 1:
            return ""
        if first == last:
            return f". If the broker is reached, the {sends} sends of one message are too many for it: send less"
        return (
            f". If the broker is reached, {sends} sends at once are too many for it: lower "
            f"EVENTY_CONSUMER_SLICE_MESSAGES, which is {options.slice_messages}, or EVENTY_CONSUMER_SLICE_TIME, which "
            f"is {options.slice_time}"
        )

    async def _pause_after(self, error: BrokerError) -> None:
        await self.pause(_RENEWAL if isinstance(error, TransactionError) else _PAUSE)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the worker is stopped."""
        await self.pauses(seconds)


def _refused(partition: TopicPartition, first: int, last: int, error: BaseException) -> str:
    where = f"offset {first}" if first == last else f"offsets {first} to {last}"
    return f"{partition} {where}: what was sent while handling them was refused: {error}. Nothing of it was committed"


def _given_up(where: str, attempt: int, error: BaseException) -> str:
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, DecodeError):
        return f"{where}: the message can't be decoded: {error}. Nothing was committed past it"
    return (
        f"{where}: given up after {counted(attempt, 'attempt')}, the last one failed with {described(error)}. "
        "Nothing was committed past it: mend the handler, or who sends such messages"
    )
