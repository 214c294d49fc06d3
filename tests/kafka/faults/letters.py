"""Dead letters of a flow, looked at while they are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from eventy.message.record import Header, Record
from tests.kafka.faults.flow import Flow, number_of

_PREFIX = "kafka_dlt-"
# Seconds between two looks.
_INTERVAL = 0.02


class Letters:
    """The dead-letter topic of a flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._topic = f"{flow.topic}-dlt"
        #: What was committed, and of which messages there were letters a moment later.
        self.looks: list[tuple[dict[int, int], set[int]]] = []

    async def records(self) -> list[Record]:
        return list(await self._flow.backend.records(self._topic))

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Look again and again while the body runs."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            if not watching.cancelled():
                watching.result()

    async def _watch(self) -> None:
        while True:
            # In this order: what is committed by now must have had its letter before.
            committed = await self._flow.committed()
            there = {number_of(letter) for letter in await self.records()}
            self.looks.append((committed, there))
            await asyncio.sleep(_INTERVAL)

    def early(self, doomed: Sequence[Record]) -> set[int]:
        """Return which messages without a handling were seen committed when they had no letter yet."""
        return {
            number_of(record)
            for committed, there in self.looks
            for record in doomed
            if committed.get(record.partition, 0) > record.offset and number_of(record) not in there
        }


def as_sent(record: Record) -> tuple[int, bytes | None, bytes | None, list[Header]]:
    """Return a message's number, key, value and headers; a letter's without those that it got as a letter."""
    headers = [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]
    return number_of(record), record.key, record.value, headers
