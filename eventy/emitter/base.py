"""The contract of an emitter, and what all of them do alike: encode, give headers, collect inside a handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from eventy.clock import Clock
from eventy.emitter.collection import Collection, collecting
from eventy.errors import RecordTooLargeError, SendError
from eventy.event.base import BaseEvent
from eventy.message import headers as names
from eventy.message.context import corr_id_of, request_corr_id
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
        self._content_type = serializer.content_type.encode()
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
        collection = collecting.get()
        record = self._record(event, destination, key, headers, collection)
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
        records = [self._record(event, destination, key(event), None, collection) for event in events]
        if collection is not None:
            for record in records:
                collection.add(self, record)
        elif records:
            await self.write(records)

    @abstractmethod
    async def write(self, records: list[ProducerRecord]) -> None:
        """Write records, in order within a key, and return when the broker has acknowledged all of them.

        Raises BrokerUnavailableError, BrokerError.
        """

    async def write_one(self, record: ProducerRecord) -> None:
        """Write a single record that somebody waits for, possibly beside many others."""
        await self.write([record])

    def is_transactional_with(self, broker: object) -> bool:
        """Return whether its records can be part of the transactions of a consumer, whose `broker` it is.

        An emitter that can't is refused by consumers that deliver exactly once.
        """
        return False

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
        collection: Collection | None,
    ) -> ProducerRecord:
        if not isinstance(event, BaseEvent):
            raise SendError(f"found {event!r} ({type(event).__qualname__}) to be sent, expected an event or a command")
        name = self._serializer.name_of(event)
        now = self._clock.now_ms()
        event_id, corr_id, inherited = self._origin(event, destination, name, collection)
        record = ProducerRecord(
            destination,
            _bytes(key) if key is not None else None,
            self._serializer.encode(event, corr_id=corr_id, timestamp=now),
            (
                (names.CE_SPECVERSION, b"1.0"),
                (names.CE_ID, event_id.encode()),
                (names.CE_TYPE, name.encode()),
                (names.CE_SOURCE, self._source),
                (names.CE_TIME, _rfc3339(now)),
                (names.CE_CORRELATION_ID, corr_id.encode()),
                (names.CONTENT_TYPE, self._content_type),
                *_with_those_of_the_user(inherited, headers),
            ),
        )
        if (size := record.size()) > self._max_request_size:
            raise RecordTooLargeError(
                f"{name} for {destination} has {size} bytes, more than the {self._max_request_size} that "
                f"KAFKA_MAX_REQUEST_SIZE allows; send less, or raise it here and at the broker"
            )
        return record

    def _origin(
        self, event: BaseEvent, destination: str, name: str, collection: Collection | None
    ) -> tuple[str, str, tuple[Header, ...]]:
        """Return the event's id, its correlation id, and the headers that it has from the message being handled."""
        if collection is None:
            corr_id = request_corr_id.get() or corr_id_of(event.data) or self._clock.new_id()
            return self._clock.new_id(), corr_id, ()
        context = collection.context
        trace = (header for header in context.headers if header[0] == names.TRACEPARENT and header[1])
        inherited = ((names.CE_CAUSATION_ID, context.message_id.encode()), *trace)
        return collection.next_id(destination, name), context.corr_id, inherited


def _with_those_of_the_user(
    inherited: tuple[Header, ...], headers: Mapping[str, str | bytes] | None
) -> tuple[Header, ...]:
    """Return both; the user's stand for inherited ones of the same name. Raises SendError for a reserved name."""
    if not headers:
        return inherited
    reserved = [name for name in headers if name.startswith(names.CE_PREFIX) or name == names.CONTENT_TYPE]
    if reserved:
        raise SendError(
            f"the headers {', '.join(reserved)} can't be set: {names.CONTENT_TYPE!r} and names that begin with "
            f"{names.CE_PREFIX!r} are eventy's own; take other names"
        )
    kept = tuple(header for header in inherited if header[0] not in headers)
    return (*kept, *((name, _bytes(value)) for name, value in headers.items()))


def _bytes(value: object) -> bytes:
    """Return a key or a header's value as it is sent. Raises SendError for what is neither text nor bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise SendError(f"found {value!r} ({type(value).__qualname__}) as a key or header, expected text or bytes")


def _rfc3339(ms: int) -> bytes:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").encode()
