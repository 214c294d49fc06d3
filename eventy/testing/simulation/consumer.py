"""Receives from the broker of a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import Port
from eventy.testing.simulation.connection import Connection, connection_of
from eventy.testing.simulation.observation import Observation
from eventy.testing.simulation.port import SimulatedPort


class SimulatedConsumer(EngineConsumer[Connection]):
    """Stands for the consumer of the settings: eventy's engine, at the broker of the simulation."""

    broker_kind: ClassVar[str] = "memory"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> Connection:
        return connection_of(config)

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._observation = Observation(
            self._broker.world.promises,
            self._broker.world.trace,
            who=str(self._broker.host),
            name=self.name,
            group=self.group,
            options=self._options,
            serializer=self._serializer,
            scope=self._scope,
        )
        self._scope = self._observation

    def _port(self) -> Port:
        connection = self._broker
        port = connection.at_once(SimulatedPort, connection, self.subscription, self.group, self._observation.audience)
        connection.host.ports.append(port)
        return port
