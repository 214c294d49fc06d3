"""Sends to the broker of a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerUnavailableError
from eventy.message.record import ProducerRecord
from eventy.testing.simulation.connection import Connection, connection_of


class SimulatedEmitter(BaseEventEmitter):
    """Stands for the emitter of the settings; a write may be lost, carried out in part, or not acknowledged."""

    broker_kind = "memory"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> Connection:
        return connection_of(config)

    def __init__(self, *, broker: Connection, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._connection = broker

    def is_transactional_with(self, broker: object) -> bool:
        return broker is self._connection

    async def write(self, records: list[ProducerRecord]) -> None:
        connection = self._connection
        count = connection.some_of(len(records))

        def append() -> None:
            for record in records[:count]:
                connection.append(record)

        await connection.request("producer", f"writes {count} of {len(records)} to {_topics(records)}", append)
        if count < len(records):
            raise BrokerUnavailableError(f"{len(records) - count} of {len(records)} records: no answer")


def _topics(records: list[ProducerRecord]) -> str:
    return ", ".join(dict.fromkeys(record.topic for record in records))
