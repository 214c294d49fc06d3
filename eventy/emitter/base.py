"""The contract of an emitter, and what all of them do alike: encode, give headers, collect inside a handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from eventy.clock import Clock
from eventy.emitter.collection import collecting
from eventy.errors import RecordTooLargeError, SendError
from eventy.event.base import BaseEvent
from eventy.message import headers as names
from eventy.message.context import request_corr_id
from eventy.message.record import Header, ProducerRecord
from eventy.serializer.base import BaseEventSerializer

# KAFKA_MAX_REQUEST_SIZE: the producer default of every Kafka client.
MAX_REQUEST_SIZE = 1_048_576


class BaseEventEmitter(ABC):
    """Sends events.

    Parameters
        serializer: gives an event its bytes.
        clock: gives times and ids.
        source: who sends, the `ce_source` of each record.
        max_request_size: bytes of the largest record that is accepted.
    """

    #: The broker that it needs: `memory`, `kafka`, or a name of your own, which the settings then don't judge.
    broker_kind: ClassVar[str]

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> object:
        """Return the `broker` of this kind; see `BaseEventConsumer.connect`."""
        return None

    def __init__(
        self,
        *,
        serializer: BaseEventSerializer,
        clock: Clock,
        source: str = "eventy",
        max_request_size: int = MAX_REQUEST_SIZE,
    ) -> None:
        self._serializer = serializer
        self._clock = clock
        self._source = source.encode()
        self._max_request_size = max_request_size

    async def send(
        self,
        event: BaseEvent,
        destination: str,
        key: str | bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> None:
        """Send an event to a topic.

        Inside a handler the event is encoded and held: it goes out when the handler has returned, before its message
        is committed, or not at all when it raises. Anywhere else it returns when the broker has acknowledged the event.

        Parameters
            destination: the topic.
            key: events of one key keep their order. None: any partition.
            headers: yours, beside the CloudEvents ones; names must not begin with `ce_`.

        Raises EncodeError, RecordTooLargeError, SendError; outside a handler also BrokerUnavailableError.
        """
        record = self._record(event, destination, key, headers)
        collection = collecting.get()
        if collection is not None:
            collection.add(self, record)
        else:
            await self.write_one(record)

    async def send_many(
        self,
        events: Iterable[BaseEvent],
        destination: str,
        key: Callable[[BaseEvent], str | bytes | None] = lambda event: None,
    ) -> None:
        """Send many events to a topic with one acknowledgement for all: bulk work. Order is kept by key.

        Raises as `send` does; none has been sent when encoding one of them failed.
        """
        collection = collecting.get()
        records = []
        for event in events:
            record = self._record(event, destination, key(event), None)
            if collection is not None:
                collection.add(self, record)
            else:
                records.append(record)
        if records:
            await self.write(records)

    @abstractmethod
    async def write(self, records: list[ProducerRecord]) -> None:
        """Write records, in order within a key, and return when the broker has acknowledged all of them.

        Raises BrokerUnavailableError, BrokerError.
        """

    async def write_one(self, record: ProducerRecord) -> None:
        """Write a single record that somebody waits for, possibly beside many others."""
        await self.write([record])

    async def start(self) -> None:  # noqa: B027 - an emitter in the process has nothing to do
        """Begin to connect. Sends wait until the broker is there."""

    async def stop(self) -> None:  # noqa: B027
        """Send what is accepted, then close."""

    async def wait(self) -> None:  # noqa: B027
        """Return when stopped; raise what ended the emitter otherwise."""

    def readiness(self) -> str | None:
        """Return None when events can be sent, else the reason why not."""
        return None

    def _record(
        self,
        event: BaseEvent,
        destination: str,
        key: str | bytes | None,
        headers: Mapping[str, str | bytes] | None,
    ) -> ProducerRecord:
        name = self._serializer.name_of(event)
        now = self._clock.now_ms()
        collection = collecting.get()
        causation: tuple[Header, ...] = ()
        if collection is not None:
            context = collection.context
            event_id = collection.next_id(destination, name)
            corr_id = context.corr_id
            causation = ((names.CE_CAUSATION_ID, context.message_id.encode()), *_trace(context.headers))
        else:
            event_id = self._clock.new_id()
            corr_id = request_corr_id.get() or _of_the_data(event) or self._clock.new_id()
        record = ProducerRecord(
            destination,
            key.encode() if isinstance(key, str) else key,
            self._serializer.encode(event, corr_id=corr_id, timestamp=now),
            (
                (names.CE_SPECVERSION, b"1.0"),
                (names.CE_ID, event_id.encode()),
                (names.CE_TYPE, name.encode()),
                (names.CE_SOURCE, self._source),
                (names.CE_TIME, _rfc3339(now)),
                (names.CE_CORRELATION_ID, corr_id.encode()),
                (names.CONTENT_TYPE, self._serializer.content_type.encode()),
                *causation,
                *_of_the_user(headers),
            ),
        )
        if (size := record.size()) > self._max_request_size:
            raise RecordTooLargeError(
                f"{name} for {destination} has {size} bytes, more than the {self._max_request_size} that "
                f"KAFKA_MAX_REQUEST_SIZE allows; send less, or raise it here and at the broker"
            )
        return record


def _of_the_data(event: BaseEvent) -> str | None:
    found = event.data.get("correlation_id")
    return found if isinstance(found, str) else None


def _trace(headers: Iterable[Header]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0] == names.TRACEPARENT and header[1])


def _of_the_user(headers: Mapping[str, str | bytes] | None) -> tuple[Header, ...]:
    if not headers:
        return ()
    reserved = [name for name in headers if name.startswith(names.CE_PREFIX)]
    if reserved:
        raise SendError(f"headers {reserved} can't be set: names that begin with {names.CE_PREFIX!r} are eventy's own")
    return tuple((name, value.encode() if isinstance(value, str) else value) for name, value in headers.items())


def _rfc3339(ms: int) -> bytes:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").encode()
