"""Requests to Kafka: bounded in time, and what the client's errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Protocol, TypeVar

from aiokafka import errors as kafka

from eventy.errors import BrokerError, BrokerUnavailableError, CommitFailedError, RecordTooLargeError
from eventy.tasks import is_being_cancelled

T = TypeVar("T")

# Seconds that a single request may take. The client itself waits for some of them without an end.
REQUEST_TIMEOUT = 10.0
# Seconds for a start to end that nobody waits for any more.
_LAST_MOMENT = 0.5

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
        if is_being_cancelled():
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


def left_until(deadline: float) -> float:
    """Return the seconds until a time of the loop's clock."""
    return deadline - asyncio.get_running_loop().time()


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
