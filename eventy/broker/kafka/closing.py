"""The ends of the Kafka client's producers, which must come whatever the broker does."""

from __future__ import annotations

import asyncio
import logging

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

logger = logging.getLogger(__name__)

# Seconds for a producer to send what it has and disconnect; with a batch that can't be sent it would wait for ever.
_CLOSE = 3.0


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
    # The client can't give up by itself: its sender would try for ever, in the background.
    ending = asyncio.create_task(_end(producer))
    await asyncio.wait({ending}, timeout=_CLOSE)
    ending.cancel()
    await asyncio.wait({ending}, timeout=_CLOSE)
    _fail_pending(producer)


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
        batch.future.exception()  # who sent it may have given up waiting; unread it would be logged
    for batch in queued:
        batch._drain_waiter.exception()  # nobody waits for room in a queue that is gone; unread it would be logged
