"""What is sent while a message is handled: held until the handler has returned, so a failed attempt sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

from eventy.emitter.origin import Origin, origin_in
from eventy.errors import SendError
from eventy.message.context import Context, corr_id_of
from eventy.message.record import ProducerRecord, Record


class Writer(Protocol):
    """The end of the way: writes records and returns when all of them are acknowledged."""

    async def write(self, records: list[ProducerRecord]) -> None: ...

    def is_transactional_with(self, broker: object) -> bool: ...


class Send(NamedTuple):
    """A record that waits for its flush, and who will write it."""

    writer: Writer
    record: ProducerRecord


class Terms:
    """What a consumer asks of all that its handlers send.

    Parameters
        group: the consumer's; two groups that handle one message send different events.
        transactions_of: the broker in whose transactions all of it must be written; None: it needn't.
    """

    __slots__ = ("accepted", "group", "transactions_of")

    def __init__(self, group: str, transactions_of: object = None) -> None:
        self.group = group
        self.transactions_of = transactions_of
        #: The writer that was found right last: nearly always that of the next send, too.
        self.accepted: Writer | None = None

    def is_met_by(self, writer: Writer) -> bool:
        return self.transactions_of is None or writer.is_transactional_with(self.transactions_of)


class Collection(Context):
    """One attempt at one message: the context that its handler is told, with what is sent for it.

    Parameters
        terms: on which all messages of its consumer are sent for.
    """

    # Nothing of this is set for a message that nothing is sent for.
    sends: Sequence[Send] = ()
    is_closed = False  # set when the handler has returned
    _count = 0
    _origin: Origin | None = None

    def __init__(
        self, record: Record, terms: Terms, attempt: int = 1, is_replaying: bool = False, data: object = None
    ) -> None:
        # As the context's own, without a call: this is done for each message.
        self.record = record
        self.attempt = attempt
        self.is_replaying = is_replaying
        self._told = data.get("correlation_id") if type(data) is dict else corr_id_of(data)
        self._terms = terms

    def add(self, writer: Writer, record: ProducerRecord) -> None:
        """Hold a record. Raises SendError when it can't be written exactly once though it must be."""
        terms = self._terms
        if writer is not terms.accepted:
            if not terms.is_met_by(writer):
                raise SendError(
                    f"{type(writer).__qualname__} can't take part in the transaction of message {self.message_id}, "
                    "which is delivered exactly once: send with an emitter of the consumer's own broker, or set "
                    "EVENTY_CONSUMER_DELIVERY=at_least_once"
                )
            terms.accepted = writer
        if not isinstance(self.sends, list):
            self.sends = []
        self.sends.append(tuple.__new__(Send, (writer, record)))

    def next(self, destination: str, name: str) -> tuple[str, Origin]:
        """Return the id of the next send, and what all of them have from the message.

        The id is the same when the message is handled again, so that receivers can drop it.

        Raises SendError when the handler has returned.
        """
        if self.is_closed:
            raise SendError(
                f"{name} was sent to {destination} by a task that outlived the handler of message "
                f"{self.message_id}; await the task inside the handler, or send from app.add_task()"
            )
        origin = self._origin
        if origin is None:
            origin = self._origin = origin_in(self)
        digest = _kind(self._terms.group, destination, name).copy()
        digest.update(b"%b\0%d" % (origin.cause, self._count))
        self._count += 1
        return digest.hexdigest(), origin


collecting: ContextVar[Collection | None] = ContextVar("eventy_collecting", default=None)


@lru_cache(maxsize=1024)
def _kind(group: str, destination: str, name: str) -> blake2b:
    """Return the digest of what all sends of a kind have alike, to be gone on with for each of them."""
    return blake2b(f"{group}\0{destination}\0{name}\0".encode(), digest_size=16)
