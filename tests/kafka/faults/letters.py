"""Dead letters of a flow, and what its group had committed when the broker got them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from eventy.message.record import Header, Record
from tests.kafka.faults.flow import PARTITIONS, Flow, number_of

_PREFIX = "kafka_dlt-"


async def letters_of(flow: Flow) -> list[Record]:
    return list(await flow.backend.records(_topic(flow)))


async def note_when_letters_arrive(flow: Flow) -> None:
    """Have letters be stamped by the broker as they arrive, rather than by who writes them."""
    await flow.backend.create_topic(_topic(flow), PARTITIONS, {"message.timestamp.type": "LogAppendTime"})


def _topic(flow: Flow) -> str:
    return f"{flow.topic}-dlt"


def as_sent(record: Record) -> tuple[int, bytes | None, bytes | None, list[Header]]:
    """Return a message's number, key, value and headers; a letter's without those that it got as a letter."""
    headers = [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]
    return number_of(record), record.key, record.value, headers


# ------------------------------------------------------------ commits


class Commit(NamedTuple):
    """What the broker keeps of a commit; the timestamp is the broker's, in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int


async def committed_too_early(flow: Flow, doomed: Iterable[Record]) -> list[int]:
    """Return the numbers of messages that a commit went past before their letters had arrived."""
    arrived = {number_of(letter): letter.timestamp for letter in await letters_of(flow)}
    commits = [one for one in _commits(await flow.backend.records("__consumer_offsets")) if one.topic == flow.topic]
    return [
        number_of(record)
        for record in doomed
        if (passed := _passed(record, commits)) is not None and passed < arrived[number_of(record)]
    ]


def _passed(record: Record, commits: Iterable[Commit]) -> int | None:
    """Return when a message was first committed."""
    past = (one.timestamp for one in commits if one.partition == record.partition and one.offset > record.offset)
    return min(past, default=None)


def _commits(records: Iterable[Record]) -> Iterator[Commit]:
    """Read `__consumer_offsets`, by Kafka's OffsetCommitKey.json and OffsetCommitValue.json."""
    for record in records:
        assert record.key is not None
        (version,) = struct.unpack_from(">h", record.key)
        if version <= 1 and record.value is not None:  # others are groups, and without a value offsets that are removed
            _, at = _text(record.key, 2)
            topic, at = _text(record.key, at)
            (partition,) = struct.unpack_from(">i", record.key, at)
            (offset,) = struct.unpack_from(">q", record.value, 2)
            yield Commit(topic, partition, offset, record.timestamp)


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Return a string and where it ends."""
    (length,) = struct.unpack_from(">h", data, at)
    end = at + 2 + length
    return data[at + 2 : end].decode(), end
