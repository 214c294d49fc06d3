"""How to reach Kafka: connection settings, and what the client's errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aiokafka import errors as kafka

from eventy.clock import Clock
from eventy.errors import (
    BrokerError,
    BrokerUnavailableError,
    CommitFailedError,
    ConfigurationError,
    RecordTooLargeError,
)

T = TypeVar("T")

# Seconds that a single request may take. The client itself waits for some of them without an end.
REQUEST_TIMEOUT = 10.0
# Seconds between tries to reach a broker.
RECONNECT = 0.5
# Seconds for a start to end that nobody waits for any more.
_LAST_MOMENT = 0.5
# Milliseconds after which new topics and partitions are seen at the latest.
METADATA_MAX_AGE = 5_000

_UNAVAILABLE = (
    kafka.KafkaConnectionError,
    kafka.KafkaTimeoutError,
    kafka.RequestTimedOutError,
    kafka.NodeNotReadyError,
    kafka.NoBrokersAvailable,
    kafka.GroupCoordinatorNotAvailableError,
    kafka.NotCoordinatorForGroupError,
    kafka.NotEnoughReplicasError,
    kafka.NotEnoughReplicasAfterAppendError,
    kafka.LeaderNotAvailableError,
    kafka.NotLeaderForPartitionError,
    kafka.ProducerClosed,
)


class Client(Protocol):
    """A consumer or producer of aiokafka."""

    def start(self) -> Coroutine[Any, Any, None]: ...


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
    """

    bootstrap_server: str
    client_id: str = "eventy"
    compression: str | None = None
    max_request_size: int = 1_048_576
    session_timeout: int = 45_000
    rebalance_timeout: int = 60_000
    start_timeout: int = 60_000

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
        }

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
                    raise self._unreachable(error) from error
                await clock.sleep(RECONNECT)

    def _unreachable(self, cause: object) -> BrokerUnavailableError:
        """Return the error for a start that the broker didn't answer."""
        return BrokerUnavailableError(
            f"no Kafka broker answered at KAFKA_BOOTSTRAP_SERVER={self.bootstrap_server} within "
            f"{self.start_timeout} ms (EVENTY_START_TIMEOUT): {cause}; start it, or correct the address"
        )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's errors into eventy's, saying what was being done."""
    try:
        yield
    except kafka.MessageSizeTooLargeError as error:
        raise RecordTooLargeError(f"{what}: larger than the topic's max.message.bytes: {error}") from error
    except (kafka.CommitFailedError, kafka.IllegalStateError, kafka.RebalanceInProgressError, AssertionError) as error:
        raise CommitFailedError(f"{what}: {_text(error)}") from error
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        raise BrokerUnavailableError(f"{what}: the client cancelled it of its own accord") from error
    except kafka.UnknownTopicOrPartitionError as error:  # so the client says in both cases
        raise BrokerUnavailableError(
            f"{what}: the broker doesn't answer, or the topic isn't there: create it, or correct its name"
        ) from error
    except (*_UNAVAILABLE, TimeoutError, OSError) as error:
        raise BrokerUnavailableError(f"{what}: the broker doesn't answer ({_text(error)})") from error
    except kafka.KafkaError as error:
        raise BrokerError(f"{what}: {_text(error)}") from error


async def bounded(what: str, request: Awaitable[T], seconds: float = REQUEST_TIMEOUT) -> T:
    """Await a request, no longer than the bound, with translated errors."""
    with translated(what):
        async with asyncio.timeout(seconds):
            return await request


async def started(client: Client, seconds: float) -> None:
    """Start a client, or raise BrokerUnavailableError after so many seconds.

    A start that is cut short while it asks for metadata leaves its connection behind: it is given a moment to end.
    """
    # In a context of its own: the client's tasks outlive the request or handler that may be waiting here.
    starting = asyncio.get_running_loop().create_task(client.start(), context=Context())
    try:
        await bounded("connecting", asyncio.shield(starting), seconds)
    finally:
        if not starting.done():
            await asyncio.wait({starting}, timeout=_LAST_MOMENT)
            starting.cancel()
            await asyncio.wait({starting})


def _text(error: BaseException) -> str:
    name, text = type(error).__name__, str(error)
    return text if text.startswith(name) else f"{name}: {text}".removesuffix(": ")
