"""What eventy promises whoever uses it, looked at while a simulation runs and when everything has settled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from eventy.broker.memory import MemoryBroker
from eventy.errors import DecodeError, EventyError
from eventy.message.context import Context
from eventy.message.headers import CE_CAUSATION_ID, CE_ID
from eventy.message.record import Record, TopicPartition
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.simulation.trace import Trace

# More than any topic of a simulation has.
_ALL = 1_000_000


class BrokenPromiseError(EventyError, AssertionError):
    """Something that eventy promises isn't so; the message says what was found."""


class Place(NamedTuple):
    """Where a record is."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] offset {self.offset}"


class Written(NamedTuple):
    """A record that readers get, the id of its event and that of the message which it was sent for."""

    place: Place
    id: str
    cause: str


class Setup(NamedTuple):
    """What a consumer was told to do, as far as promises depend on it.

    Parameters
        replays: whether sends go out though the group has been past their message.
        passes: whether a message that fails is passed in the end.
    """

    is_exactly_once: bool
    replays: bool
    passes: bool
    serializer: BaseEventSerializer


class Promises:
    """Knows what was written and what was handled, and tells the first promise that is broken.

    Parameters
        broken: called with the error.
    """

    def __init__(self, trace: Trace, broken: Callable[[BaseException], None]) -> None:
        self._trace = trace
        self._broken = broken
        self._broker: MemoryBroker | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._audiences: dict[str, Audience] = {}
        #: What readers get, by partition.
        self.records: defaultdict[TopicPartition, list[Record]] = defaultdict(list)
        #: The same by id of the event.
        self.written: defaultdict[str, list[Written]] = defaultdict(list)

    def watch(self, broker: MemoryBroker) -> None:
        """Say whose records are looked at."""
        self._broker = broker

    def audience(self, name: str, setup: Setup) -> Audience:
        """Return who is promised something; members of a group are one."""
        if name not in self._audiences:
            self._audiences[name] = Audience(name, setup, self)
        return self._audiences[name]

    def look(self) -> None:
        """Take note of what was written since."""
        assert self._broker is not None
        for topic in self._broker.topics():
            for partition in self._broker.partitions(topic):
                found, self._positions[partition] = self._broker.read(
                    partition, self._positions.get(partition, 0), _ALL
                )
                self.records[partition] += found
                for record in found:
                    written = Written(place(record), _header(record, CE_ID), _header(record, CE_CAUSATION_ID))
                    self.written[written.id].append(written)

    def tell(self, text: str) -> None:
        """Tell that a promise is broken."""
        self._trace.note("broken", text)
        self._broken(BrokenPromiseError(text))

    def check(self) -> None:
        """Look at everything, once nothing is left to be done. Raises BrokenPromiseError."""
        self.look()
        for audience in self._audiences.values():
            if audience.is_group:
                audience.check()
        self._check_causes()

    def _check_causes(self) -> None:
        """An attempt that fails sends nothing: what was sent for a message was sent by one that has succeeded."""
        sent = {one for audience in self._audiences.values() for one in audience.sent()}
        for one, written in sorted(self.written.items()):
            if written[0].cause and one not in sent:
                raise BrokenPromiseError(
                    f"failed attempts send nothing: event {one}, {written[0].place}, was sent for message "
                    f"{written[0].cause}, but by no attempt that has succeeded"
                )


class Audience:
    """A group, or a consumer without one, and what was handled for it.

    Parameters
        name: of the group, or of the consumer and its process.
    """

    def __init__(self, name: str, setup: Setup, promises: Promises) -> None:
        self.name = name
        self.is_group = name.startswith("group ")
        self.setup = setup
        self._promises = promises
        self._first: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._handled: defaultdict[Place, list[frozenset[str]]] = defaultdict(list)
        self._failed: set[Place] = set()
        self._caused: defaultdict[str, set[frozenset[str]]] = defaultdict(set)

    # ------------------------------------------------------------ what is told

    def begins(self, context: Context) -> None:
        """A message is about to be handled. Order by key: those of its key that come before it have been."""
        at, key = place(context), context.key
        if key is None:
            return
        self._promises.look()
        partition = TopicPartition(at.topic, at.partition)
        first = self._first.get(partition, at.offset)
        for record in self._promises.records[partition]:
            if first <= record.offset < at.offset and record.key == key and not self._is_done(record):
                self._promises.tell(
                    f"order by key: {self.name} handles {at}, though {place(record)} of the same key {key!r} "
                    "hasn't been handled"
                )

    def handled(self, context: Context, ids: Sequence[str]) -> None:
        """A message was handled, and these events sent for it."""
        sent = frozenset(() if context.is_replaying and self.is_group and not self.setup.replays else ids)
        self._handled[place(context)].append(sent)
        self._caused[context.message_id].add(sent)

    def failed(self, context: Context) -> None:
        """An attempt at a message has failed."""
        self._failed.add(place(context))

    @contextmanager
    def committing(self, offsets: Mapping[TopicPartition, int]) -> Iterator[None]:
        """Look at a commit, unless the broker refuses it.

        Offsets never go backwards. Nothing is lost: what is before them is handled, and what was sent is written.
        """
        yield
        self._promises.look()
        for partition, offset in sorted(offsets.items()):
            before = self._committed.get(partition)
            self._committed[partition] = offset
            if before is None:
                self._first[partition] = offset
            elif offset < before:
                self._promises.tell(
                    f"offsets never backwards: {self.name} commits {offset} of {partition} after {before}"
                )
            else:
                self._check_passed(partition, before, offset)

    def _check_passed(self, partition: TopicPartition, first: int, end: int) -> None:
        for record in self._promises.records[partition]:
            if first <= record.offset < end and (missing := self._missing(record)):
                self._promises.tell(f"nothing lost: {self.name} commits {end} of {partition}, but {missing}")

    def _missing(self, record: Record) -> str | None:
        """Return what there is yet to be done for a message that is passed; None: nothing."""
        at = place(record)
        attempts = self._handled.get(at)
        if not attempts:
            return None if self._is_given_up(record) else f"{at} hasn't been handled"
        written = self._promises.written
        if any(all(one in written for one in sent) for sent in attempts) or self._is_given_up(record):
            return None
        return f"of what was sent for {at} not everything is written"

    def _is_done(self, record: Record) -> bool:
        return place(record) in self._handled or self._is_given_up(record)

    def _is_given_up(self, record: Record) -> bool:
        if not self.setup.passes:
            return False
        if place(record) in self._failed:
            return True
        try:
            self.setup.serializer.decode(record.value or b"")
        except DecodeError:
            return True
        return False

    # ------------------------------------------------------------ at the end

    def sent(self) -> Iterator[str]:
        """Return the ids of all events that attempts which succeeded have sent."""
        return (one for attempts in self._caused.values() for sent in attempts for one in sent)

    def check(self) -> None:
        """Raise BrokenPromiseError unless everything was handled, and its output is as often there as promised."""
        for partition, first in self._first.items():
            records = [record for record in self._promises.records[partition] if record.offset >= first]
            for record in records:
                if (missing := self._missing(record)) is not None:
                    raise BrokenPromiseError(f"nothing lost: {self.name} is done, but {missing}")
            self._check_order(records)
        if self.setup.is_exactly_once:
            self._check_output()

    def _check_output(self) -> None:
        """What was sent for a message is there as often as the message itself, which its sender may have repeated."""
        copies: Counter[str] = Counter()
        for partition, first in self._first.items():
            copies.update(message_id(record) for record in self._promises.records[partition] if record.offset >= first)
        for cause, attempts in sorted(self._caused.items()):
            for one in sorted(frozenset().union(*attempts)):
                written = self._promises.written.get(one, [])
                # Attempts that sent different things: it isn't known which of them it is that counts.
                if len(written) > copies[cause] or (len(written) < copies[cause] and len(attempts) == 1):
                    raise BrokenPromiseError(
                        f"exactly once: {self.name} has sent event {one} for message {cause}, which is there "
                        f"{times(copies[cause])}, and the event is there {times(len(written))}: "
                        f"{', '.join(str(each.place) for each in written) or 'nowhere'}"
                    )

    def _check_order(self, records: Sequence[Record]) -> None:
        """What was sent for messages of one key was written in their order, apart from repetitions."""
        reached: dict[tuple[bytes, str, int], Written] = {}
        seen: set[str] = set()
        for record in records:
            if record.key is None or message_id(record) in seen:
                continue
            seen.add(message_id(record))
            firsts = [self._promises.written[one][0] for one in self._sent_for(record) if one in self._promises.written]
            for first in firsts:
                before = reached.get((record.key, *first.place[:2]))
                if before is not None and first.place.offset < before.place.offset and first.id != before.id:
                    raise BrokenPromiseError(
                        f"order by key: what {self.name} has sent for {place(record)} is at {first.place}, before what "
                        f"it has sent for an earlier message of the key {record.key!r}, {before.place}"
                    )
            for first in firsts:
                at = (record.key, *first.place[:2])
                if at not in reached or reached[at].place.offset < first.place.offset:
                    reached[at] = first

    def _sent_for(self, record: Record) -> list[str]:
        return sorted({one for sent in self._handled.get(place(record), ()) for one in sent})


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def place(record: Record | Context) -> Place:
    return Place(record.topic, record.partition, record.offset)


def message_id(record: Record) -> str:
    return _header(record, CE_ID) or f"{record.topic}-{record.partition}-{record.offset}"


def _header(record: Record, name: str) -> str:
    return next((value.decode() for found, value in record.headers if found == name and value is not None), "")
