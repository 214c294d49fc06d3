"""Commits: coalesced, one at a time, and none after a revoke."""

import asyncio
from collections.abc import Mapping

from eventy.consumer.progress import Progress
from eventy.errors import BrokerUnavailableError, CommitFailedError
from eventy.message.record import TopicPartition
from eventy.testing.conformance.scene import HastyClock, until

ONE, TWO = TopicPartition("topic", 1), TopicPartition("topic", 2)


class Ledger:
    """Keeps each request, and answers when it is told to."""

    def __init__(self, *errors: Exception, open_: bool = True) -> None:
        self.requests: list[dict[TopicPartition, int]] = []
        self.committed: dict[TopicPartition, int] = {}
        self.open = asyncio.Event()
        if open_:
            self.open.set()
        self._errors = list(errors)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.requests.append(dict(offsets))
        await self.open.wait()
        if self._errors:
            raise self._errors.pop(0)
        self.committed.update(offsets)


class Committing:
    """A `Progress` over a ledger, for the time of a test."""

    def __init__(self, ledger: Ledger) -> None:
        self.failures: list[BaseException] = []
        self.progress = Progress(ledger.commit, HastyClock(), self.failures.append)

    async def __aenter__(self) -> "Committing":
        self.progress.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.progress.cancel()


async def test_what_is_marked_meanwhile_is_committed_together() -> None:
    ledger = Ledger(open_=False)
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        await until(lambda: bool(ledger.requests))
        for offset in range(2, 10):
            it.progress.mark(ONE, offset)
            it.progress.mark(TWO, offset)
        ledger.open.set()
        await until(lambda: len(ledger.requests) == 2)
    assert ledger.requests == [{ONE: 1}, {ONE: 9, TWO: 9}]


async def test_flush_takes_the_place_of_a_request_under_way() -> None:
    ledger = Ledger(open_=False)
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        it.progress.mark(TWO, 1)
        await until(lambda: bool(ledger.requests))
        it.progress.mark(TWO, 2)
        ledger.open.set()
        await it.progress.flush()
    assert ledger.requests == [{ONE: 1, TWO: 1}, {ONE: 1, TWO: 2}]
    assert ledger.committed == {ONE: 1, TWO: 2}


async def test_nothing_is_committed_after_flush_and_forget() -> None:
    ledger = Ledger()
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        await it.progress.flush()
        it.progress.mark(ONE, 2)
        it.progress.forget()
        it.progress.start()
        it.progress.mark(TWO, 3)
        await until(lambda: TWO in ledger.committed)
    assert ledger.requests == [{ONE: 1}, {TWO: 3}]


async def test_unanswered_commit_is_tried_again_with_what_came_since() -> None:
    ledger = Ledger(BrokerUnavailableError("away"))
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        await until(lambda: ledger.committed == {ONE: 1})
    assert ledger.requests == [{ONE: 1}, {ONE: 1}]


async def test_unanswered_commit_never_moves_an_offset_back() -> None:
    ledger = Ledger(BrokerUnavailableError("away"), open_=False)
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        await until(lambda: bool(ledger.requests))
        it.progress.mark(ONE, 5)
        ledger.open.set()
        await until(lambda: bool(ledger.committed))
    assert ledger.requests == [{ONE: 1}, {ONE: 5}]


async def test_commit_for_partitions_that_have_moved_is_dropped() -> None:
    ledger = Ledger(CommitFailedError("moved"))
    async with Committing(ledger) as it:
        it.progress.mark(ONE, 1)
        await until(lambda: len(ledger.requests) == 1)
        it.progress.mark(TWO, 2)
        await until(lambda: TWO in ledger.committed)
    assert ledger.requests == [{ONE: 1}, {TWO: 2}]
    assert it.failures == []


async def test_unforeseen_error_is_reported() -> None:
    bug = RuntimeError("a bug")
    async with Committing(Ledger(bug)) as it:
        it.progress.mark(ONE, 1)
        await until(lambda: it.failures == [bug])
