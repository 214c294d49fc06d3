"""The headers of an event by hand: those that eventy writes, so that all contestants put the same onto the topic."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

Headers = list[tuple[str, bytes]]

_FIXED: Headers = [
    ("ce_specversion", b"1.0"),
    ("ce_type", b"bench.event.PaymentCreated"),
    ("ce_source", b"bench"),
    ("content-type", b"application/avro"),
]


def now() -> bytes:
    """Return the `ce_time` of events that are made now."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").encode()


def of_answer(record: ConsumerRecord, moment: bytes) -> Headers:
    """Return the headers of the event that a record leads to; the same id if the record comes again."""
    given = dict(record.headers)
    return [
        *_FIXED,
        ("ce_id", b"%b-%d-%d" % (record.topic.encode(), record.partition, record.offset)),
        ("ce_time", moment),
        ("ce_correlationid", given["ce_correlationid"]),
        ("ce_causationid", given["ce_id"]),
    ]


def of_first(event_id: str, corr_id: str, moment: bytes) -> Headers:
    """Return the headers of what nothing has led to."""
    return [
        *_FIXED,
        ("ce_id", event_id.encode()),
        ("ce_time", moment),
        ("ce_correlationid", corr_id.encode()),
    ]
