"""Receives from Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.kafka_groupless import GrouplessKafkaPort
from eventy.consumer.kafka_port import KafkaPort
from eventy.consumer.port import Port


class KafkaConsumer(EngineConsumer[KafkaConnection]):
    """The consumer of a Kafka cluster; the parameters are those of `EngineConsumer`."""

    broker_kind: ClassVar[str] = "kafka"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> KafkaConnection:
        return KafkaConnection.of(config)

    def _port(self) -> Port:
        kind = KafkaPort if self.group is not None else GrouplessKafkaPort
        return kind(self._broker, self._clock, self.subscription, self.group)
