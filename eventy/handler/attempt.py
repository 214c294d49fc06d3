"""One attempt at a message: decode it, open its scope, hold back what its handlers send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto

from eventy.emitter.collection import Collection, Send, Terms, collecting
from eventy.errors import SchemaNotLoaded, unswallowed
from eventy.event.base import BaseEvent
from eventy.event.tombstone import Tombstone
from eventy.handler.scope import Scope
from eventy.message.context import Context
from eventy.message.record import Record
from eventy.serializer.base import BaseEventSerializer


class Disposition(Enum):
    """What became of an event that no handler was called with."""

    PASSED_OVER = auto()


#: Hands an event to its handlers and returns when they are done; PASSED_OVER when it has none.
Deliver = Callable[[BaseEvent, Context], Awaitable[Disposition | None]]


class Attempt:
    """Makes attempts at messages: `await attempt(record, number)` returns what the handlers sent.

    Parameters
        serializer: gives the bytes their event.
        deliver: calls the event's handlers.
        scope: opened around them, a database transaction for example; an attempt that fails leaves it by its error.
        group: part of the ids of what is sent.
        replay_emits: whether sends of messages that the group has been past go out once more.
        transactions_of: the broker in whose transactions all sends must be written; None: they needn't.
        passed_over: called for each tombstone that has no handler.
    """

    def __init__(
        self,
        serializer: BaseEventSerializer,
        deliver: Deliver,
        scope: Scope | None,
        group: str | None,
        *,
        replay_emits: bool = False,
        transactions_of: object = None,
        passed_over: Callable[[], None] = lambda: None,
    ) -> None:
        self._serializer = serializer
        self._deliver = deliver
        self._scope = scope
        self._terms = Terms(group or "", transactions_of)
        self._holds_back = group is not None and not replay_emits
        self._passed_over = passed_over

    async def __call__(self, record: Record, number: int, is_replaying: bool = False) -> Sequence[Send]:
        """Raises DecodeError for a message that nobody can read, and whatever a handler raises."""
        value = record.value
        if value is None:
            event: BaseEvent = Tombstone.of(record)
        else:
            try:
                event = self._serializer.decode(value)
            except SchemaNotLoaded as error:
                event = await self._load_and_decode(error, value)
        collection = Collection(record, self._terms, number, is_replaying, event.data)
        token = collecting.set(collection)
        try:
            if self._scope is None:
                delivery = await self._deliver(event, collection)
            else:
                delivery = await self._deliver_in_scope(self._scope, event, collection)
        finally:
            collection.is_closed = True
            collecting.reset(token)
        if delivery is not None and value is None:
            self._passed_over()
        return () if is_replaying and self._holds_back else collection.sends

    async def _deliver_in_scope(self, scope: Scope, event: BaseEvent, context: Context) -> Disposition | None:
        failure = None
        try:
            async with scope():
                try:
                    return await self._deliver(event, context)
                except BaseException as error:
                    failure = error
                    raise
            raise unswallowed(failure)
        finally:
            failure = None  # its traceback holds this frame

    async def _load_and_decode(self, missing: SchemaNotLoaded, value: bytes) -> BaseEvent:
        await self._serializer.load(missing.reference)
        return self._serializer.decode(value)
