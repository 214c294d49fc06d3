"""The ends of the Kafka client's producers, which must come whatever the broker does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from eventy.tasks import cancel, read_error

logger = logging.getLogger(__name__)

# Seconds for a producer to send what it has and disconnect; with a batch that can't be sent it would wait for ever.
_CLOSE = 3.0


class Closings:
    """Producers that end in the background: whoever has begun it may be cut short, or not want to wait."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self, producer: AIOKafkaProducer) -> asyncio.Task[None]:
        """Begin to send what is pending, and to disconnect."""
        return self._begin(close_producer(producer))

    def break_off(self, producer: AIOKafkaProducer) -> asyncio.Task[None]:
        """Begin to disconnect; what is pending isn't sent."""
        return self._begin(break_off(producer))

    def _begin(self, ending: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(ending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait(self) -> None:
        """Return when all have ended."""
        if self._tasks:
            await asyncio.wait(self._tasks)


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Send what is pending within a bound, then disconnect; who still waits for an acknowledgement gets an error."""
    try:
        async with asyncio.timeout(_CLOSE):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - it is closed either way
        logger.debug("closing a producer: %r", error)
        await break_off(producer)


async def break_off(producer: AIOKafkaProducer) -> None:
    """Disconnect without sending what is pending; who still waits for an acknowledgement gets an error."""
    if producer._txn_manager is not None:
        for *_, committed in producer._txn_manager._pending_txn_offsets:
            committed.add_done_callback(read_error)
    # The client can't give up by itself: its sender would try for ever, in the background.
    ending = asyncio.create_task(_end(producer))
    try:
        await asyncio.wait({ending}, timeout=_CLOSE)
        await cancel({ending}, _CLOSE)
    finally:  # when it is cut short as well
        ending.cancel()
        _fail_pending(producer)
        producer._closed = True  # or the client warns of one that nobody has stopped


async def _end(producer: AIOKafkaProducer) -> None:
    """Disconnect, then end the sender: as long as it has a connection it waits for the answers to what it has sent."""
    await producer.client.close()
    try:
        await producer._sender.close()
    finally:
        await producer.client.close()  # before it ended it may have connected once more, to try again


def _fail_pending(producer: AIOKafkaProducer) -> None:
    accumulator = producer._message_accumulator
    queued = [batch for batches in accumulator._batches.values() for batch in batches]
    # A batch that waits to be sent again is no longer among those under way, where the client looks for it at its end.
    accumulator._pending_batches.update(queued)
    accumulator.fail_all(ProducerClosed())
    for batch in accumulator._pending_batches:
        read_error(batch.future)  # who sent it may have given up waiting
    for batch in queued:
        read_error(batch._drain_waiter)  # nobody waits for room in a queue that is gone
    if producer._txn_manager is not None:
        # Whoever was told by another error doesn't look at this one.
        ended: asyncio.Future[None] | None = producer._txn_manager._transaction_waiter
        if ended is not None and ended.done():
            read_error(ended)
