"""Bugs, each planted into eventy by a function that pytest's `monkeypatch` takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest

from eventy.broker.transactions import TransactionalProducer
from eventy.consumer.backlog import Backlog
from eventy.consumer.delivery import AtLeastOnce, ExactlyOnce
from eventy.consumer.handling import Handling
from eventy.consumer.lanes import Entry, Lanes
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.collection import Send, collecting
from eventy.errors import BrokerError
from eventy.event.base import BaseEvent
from eventy.message.record import Record


def commit_before_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets are committed when handlers have returned, whether or not what they sent is written."""
    write = AtLeastOnce.write

    async def commit_then_write(self: AtLeastOnce, sends: Sequence[Send], offset: int) -> None:
        self.mark(offset)
        await write(self, sends, offset)

    monkeypatch.setattr(AtLeastOnce, "write", commit_then_write)


def missing_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has lost a partition goes on with its transactions, though the new owner has begun some."""
    monkeypatch.setattr(TransactionalProducer, "_check", lambda self: None)


def lost_seek(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fetch that has failed, partitions are fetched from where the client is, not from what has arrived."""
    monkeypatch.setattr(Backlog, "rewind", lambda self: None)


def lost_sends_of_a_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the broker hasn't acknowledged counts as written."""

    async def write_once(self: Handling, sends: Sequence[Send], first: int, last: int) -> bool:
        with suppress(BrokerError):
            await self.delivery.write(sends, last + 1)
        return True

    monkeypatch.setattr(Handling, "flush", write_once)


def doubt_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction whose outcome isn't known is made again without a look at what is committed."""

    async def begin_again(self: ExactlyOnce, offset: int) -> bool:
        await self.open()
        self._is_certain = True
        return False

    monkeypatch.setattr(ExactlyOnce, "_is_committed", begin_again)


def keys_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of one key are handled at once, as those of different keys are."""

    def take(self: Lanes, record: Record) -> None:
        self._taken += 1
        entry = Entry(record, self._taken)
        self._window.append(entry)
        self._make_ready(entry)

    monkeypatch.setattr(Lanes, "_take", take)
    monkeypatch.setattr(Lanes, "_follow", lambda self, entry: None)


def overtaking_at_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stop has kept from being written is overtaken by what was sent later for the same key."""
    take_finished = Lanes._take_finished

    def take_all(self: Lanes) -> list[Entry]:
        self._unwritten.clear()
        return take_finished(self)

    monkeypatch.setattr(Lanes, "_take_finished", take_all)


def sends_are_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a handler sends goes out at once, whether or not it succeeds."""

    async def send_at_once(
        self: BaseEventEmitter,
        event: BaseEvent,
        destination: str,
        key: str | bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> None:
        await self.write_one(self._record(event, destination, key, headers, collecting.get()))

    monkeypatch.setattr(BaseEventEmitter, "send", send_at_once)
