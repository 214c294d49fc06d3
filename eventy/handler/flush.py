"""Write what a slice of messages has sent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from eventy.emitter.collection import Send

_writer = attrgetter("writer")


async def flush(sends: Sequence[Send]) -> None:
    """Return when the broker has acknowledged every record; those of one emitter are written together, in order.

    Raises BrokerUnavailableError when the broker doesn't answer, and BrokerError when it refuses a record.
    """
    for writer, group in groupby(sends, key=_writer):
        await writer.write([send.record for send in group])
