"""Which Kafka cluster, and how to reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eventy.broker.kafka.probe import obstacles
from eventy.broker.kafka.requests import REQUEST_TIMEOUT
from eventy.broker.kafka.security import Security
from eventy.clock import Clock
from eventy.errors import BrokerUnavailableError, ConfigurationError

T = TypeVar("T")

# Seconds between tries to reach a broker.
RECONNECT = 0.5
# Milliseconds after which new topics and partitions are seen at the latest.
METADATA_MAX_AGE = 5_000
# Bytes of a batch: well within every topic's max.message.bytes (1 MiB by default).
_BATCH = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """Which cluster, and how to talk to it; each field is the setting `KAFKA_<FIELD>`.

    Parameters
        bootstrap_server: `host:port`, several with commas between.
        client_id: how this application calls itself.
        compression: of what is sent, `gzip`, `snappy`, `lz4` or `zstd`; None: not at all.
        max_request_size: bytes of the largest record and batch sent.
        session_timeout: ms without a heartbeat after which the group gives our partitions to others.
        rebalance_timeout: ms that members have to finish what they do when the group is reassigned.
        start_timeout: ms for the broker to be reachable at start (`EVENTY_START_TIMEOUT`).
        security: how connections are protected, by several settings.
    """

    bootstrap_server: str
    client_id: str = "eventy"
    compression: str | None = None
    max_request_size: int = 1_048_576
    session_timeout: int = 45_000
    rebalance_timeout: int = 60_000
    start_timeout: int = 60_000
    security: Security = field(default_factory=Security)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> KafkaConnection:
        """Return the connection that settings describe, by their names in lower case without `EVENTY_`."""
        return cls(
            bootstrap_server=config["kafka_bootstrap_server"],
            client_id=config["kafka_client_id"],
            compression=config["kafka_compression"],
            max_request_size=config["kafka_max_request_size"],
            session_timeout=config["kafka_session_timeout"],
            rebalance_timeout=config["kafka_rebalance_timeout"],
            start_timeout=config["start_timeout"],
            security=Security.of(config),
        )

    def __post_init__(self) -> None:
        if not self.bootstrap_server:
            raise ConfigurationError("KAFKA_BOOTSTRAP_SERVER isn't set, expected host:port of a Kafka broker")

    def client_options(self) -> dict[str, Any]:
        """Return the arguments that every client object takes."""
        return {
            "bootstrap_servers": self.bootstrap_server,
            "client_id": self.client_id,
            "request_timeout_ms": int(REQUEST_TIMEOUT * 1000),
            "metadata_max_age_ms": METADATA_MAX_AGE,
            **self.security.client_options(),
        }

    def producer_options(self) -> dict[str, Any]:
        """Return the arguments that every producer takes: nothing is lost or doubled on the way to the broker."""
        return {
            **self.client_options(),
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": self.compression,
            "max_request_size": self.max_request_size,
            "max_batch_size": min(_BATCH, self.max_request_size),
        }

    def is_same_cluster(self, other: KafkaConnection) -> bool:
        """Return whether another connection is to the same brokers, as far as their addresses tell."""
        return self.bootstrap_server == other.bootstrap_server

    async def reached(self, clock: Clock, start: Callable[[float], Awaitable[T]]) -> T:
        """Start something, again and again until the broker answers.

        Parameters
            start: is given the seconds that it may take.

        Raises BrokerUnavailableError when `start_timeout` has passed.
        """
        deadline = clock.monotonic() + self.start_timeout / 1000
        while True:
            try:
                return await start(max(0.1, deadline - clock.monotonic()))
            except BrokerUnavailableError as error:
                if clock.monotonic() + RECONNECT >= deadline:
                    raise await self._unreachable(error) from error
                await clock.sleep(RECONNECT)

    async def _unreachable(self, error: BrokerUnavailableError) -> BrokerUnavailableError:
        """Return the error for a start that didn't reach the broker."""
        options = {"client_id": self.client_id, **self.security.client_options()}
        cause = await obstacles(self.bootstrap_server, options) or f"{error}; start it, or correct the address"
        return BrokerUnavailableError(
            f"no Kafka broker could be used at KAFKA_BOOTSTRAP_SERVER={self.bootstrap_server} within "
            f"{self.start_timeout} ms (EVENTY_START_TIMEOUT): {cause}"
        )
