"""One attempt at a message: decode it, open its scope, hold back what its handlers send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from eventy.emitter.collection import Collection, Send, collecting
from eventy.errors import SchemaNotLoaded
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.message.record import Record
from eventy.serializer.base import BaseEventSerializer


class Attempt:
    """Makes attempts at messages: `await attempt(record, number)` returns what the handlers sent.

    Parameters
        serializer: gives the bytes their event.
        deliver: calls the event's handlers.
        scope: opened around them, a database transaction for example; an attempt that fails leaves it by its error.
        group: part of the ids of what is sent.
    """

    def __init__(
        self,
        serializer: BaseEventSerializer,
        deliver: Callable[[BaseEvent, Context], Awaitable[None]],
        scope: Callable[[], AbstractAsyncContextManager[object]] | None,
        group: str | None,
    ) -> None:
        self._serializer = serializer
        self._deliver = deliver
        self._scope = scope
        self._group = group or ""

    async def __call__(self, record: Record, number: int) -> list[Send]:
        """Raises DecodeError for a message that nobody can read, and whatever a handler raises."""
        if record.value is None:
            return []
        try:
            event = self._serializer.decode(record.value)
        except SchemaNotLoaded as error:
            await self._serializer.load(error.reference)
            event = self._serializer.decode(record.value)
        context = Context(record, number)
        if not context.corr_id:
            context.correlate(event.data)
        collection = Collection(context, self._group)
        token = collecting.set(collection)
        try:
            if self._scope is None:
                await self._deliver(event, context)
            else:
                async with self._scope():
                    await self._deliver(event, context)
        finally:
            collection.close()
            collecting.reset(token)
        return collection.sends
