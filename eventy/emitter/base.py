"""The contract of an emitter, and what all of them do alike: encode, give headers, collect inside a handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, NamedTuple

from eventy.clock import Clock
from eventy.emitter.collection import Collection, collecting
from eventy.emitter.origin import Origin, origin_outside
from eventy.errors import RecordTooLargeError, SendError
from eventy.event.base import BaseEvent
from eventy.message import headers as names
from eventy.message.context import corr_id_of, request_corr_id
from eventy.message.record import Header, ProducerRecord, size_of
from eventy.message.topic import TOPIC_NAMES, is_topic_name
from eventy.serializer.base import BaseEventSerializer

# KAFKA_MAX_REQUEST_SIZE: the producer default of every Kafka client.
MAX_REQUEST_SIZE = 1_048_576

_new = tuple.__new__
# Events of a bulk that are encoded in a row: for these few ms everything else in the loop waits.
_IN_A_ROW = 500
# Names whose headers are remembered.
_REMEMBERED_NAMES = 1024


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
        self._fixed = lru_cache(maxsize=_REMEMBERED_NAMES)(self._fixed_headers)

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
        collection, each, records = collecting.get(), iter(events), list[ProducerRecord]()
        while some := list(islice(each, _IN_A_ROW)):
            records += [self._record(event, destination, key(event), None, collection) for event in some]
            if len(some) == _IN_A_ROW:
                await self._clock.sleep(0)
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
        destination: object,
        key: str | bytes | None,
        headers: Mapping[str, str | bytes] | None,
        collection: Collection | None,
    ) -> ProducerRecord:
        if not isinstance(event, BaseEvent):
            raise SendError(f"found {event!r} ({type(event).__qualname__}) to be sent, expected an event or a command")
        name = self._serializer.name_of(event)
        if not isinstance(destination, str) or not is_topic_name(destination):
            raise SendError(
                f"{name!r} was sent to {destination!r}, which can't be the name of a topic ({TOPIC_NAMES}): correct it"
            )
        now = self._clock.now_ms()
        if collection is not None:
            event_id, origin = collection.next(destination, name)
        else:
            event_id, origin = self._clock.new_id(), self._origin(event)
        if type(key) is str:  # nearly always, and a call less
            key = key.encode()
        elif key is not None:
            key = _bytes(key)
        value = self._serializer.encode(event, corr_id=origin.corr_id, timestamp=now)
        # Its size is added up, not counted header by header: this is done for each event that is sent.
        fixed, moment = self._fixed(name), _moment(now)
        size = len(key or b"") + len(value) + fixed.size + len(event_id) + moment.size + origin.size
        inherited = origin.headers
        if headers:
            inherited = _with_those_of_the_user(inherited, headers)
            size += size_of(inherited) - origin.size
        if size > self._max_request_size:
            raise RecordTooLargeError(
                f"{name} for {destination} has {size} bytes, more than the {self._max_request_size} that "
                f"KAFKA_MAX_REQUEST_SIZE allows; send less, or raise it here and at the broker"
            )
        identity = (names.CE_ID, event_id.encode())
        # A tuple's own way of being made: that of a named one is a call of Python's.
        return _new(ProducerRecord, (destination, key, value, (*fixed.headers, identity, *moment.headers, *inherited)))

    def _origin(self, event: BaseEvent) -> Origin:
        return origin_outside(request_corr_id.get() or corr_id_of(event.data) or self._clock.new_id())

    def _fixed_headers(self, name: str) -> _Headers:
        """Return what all events of a name have alike; the size has the name of the id's header too."""
        headers = (
            (names.CE_SPECVERSION, b"1.0"),
            (names.CE_TYPE, name.encode()),
            (names.CE_SOURCE, self._source),
            (names.CONTENT_TYPE, self._content_type),
        )
        return _Headers(headers, size_of(headers) + len(names.CE_ID))


class _Headers(NamedTuple):
    """Headers that are made once for many records, and their bytes."""

    headers: tuple[Header, ...]
    size: int


@lru_cache(maxsize=16)
def _moment(ms: int) -> _Headers:
    """Return the header of a time; many events are sent in one millisecond."""
    time = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").encode()
    return _Headers(((names.CE_TIME, time),), len(names.CE_TIME) + len(time))


def _with_those_of_the_user(inherited: tuple[Header, ...], headers: Mapping[str, str | bytes]) -> tuple[Header, ...]:
    """Return both; the user's stand for inherited ones of the same name. Raises SendError for a reserved name."""
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
