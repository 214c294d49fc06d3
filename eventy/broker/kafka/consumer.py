"""The Kafka client's consumer: how it begins, and how it ends whatever the broker does."""

from __future__ import annotations

import asyncio
import logging

import aiokafka
from aiokafka import AIOKafkaConsumer

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.fetching import as_fetched, fetch_lazily
from eventy.broker.kafka.offsets import heed_errors_of_offsets
from eventy.broker.kafka.requests import started
from eventy.message.record import TopicPartition
from eventy.tasks import cancel, is_being_cancelled

logger = logging.getLogger(__name__)

# Milliseconds that a fetch waits for records, at the broker and here. It is how soon the engine notices that it must
# stop; and the client fetches from a broker once at a time, so a partition that is resumed waits for the fetch of those
# that have nothing: at most for so long, which is less than what still waits of it takes to be handled.
FETCH = 200
# Bytes of a partition in one batch: a few of them wait in memory for each partition, several times as large once they
# are records. Twice what the emitter puts into a batch of its own: less, and the broker would cut those off.
_BATCH = 524_288
# Seconds for the client to leave the group and disconnect.
_CLOSE = 5.0
# Where the client keeps them: the first three with a group, the last without.
_TASKS_OF_A_COORDINATOR = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")


async def start_consumer(connection: KafkaConnection, group: str | None, seconds: float) -> AIOKafkaConsumer:
    """Return a consumer that is connected, or raise BrokerUnavailableError after so many seconds."""
    fetch_lazily()
    heed_errors_of_offsets()
    client = AIOKafkaConsumer(
        **connection.client_options(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=connection.session_timeout,
        heartbeat_interval_ms=min(3_000, connection.session_timeout // 3),
        rebalance_timeout_ms=connection.rebalance_timeout,
        isolation_level="read_committed",
        fetch_max_wait_ms=FETCH,
        max_partition_fetch_bytes=_BATCH,
        value_deserializer=as_fetched,
    )
    try:
        await started(client, seconds)
    except BaseException:
        await close_consumer(client)
        raise
    return client


def native(partition: TopicPartition) -> aiokafka.TopicPartition:
    """Return the client's own kind: it refuses others, though they are equal."""
    return aiokafka.TopicPartition(partition.topic, partition.partition)


async def close_consumer(client: AIOKafkaConsumer) -> None:
    """Disconnect within a bound. With the broker down the client raises CancelledError of its own."""
    try:
        async with asyncio.timeout(_CLOSE):
            await client.stop()
    except asyncio.CancelledError:
        await _break_off(client)
        if is_being_cancelled():
            raise
    except Exception as error:  # noqa: BLE001 - it is closed either way
        logger.debug("closing a consumer: %r", error)
        await _break_off(client)


async def _break_off(client: AIOKafkaConsumer) -> None:
    """End what the client runs, without a word to the broker: cut short while it leaves, it would fetch for ever."""
    coordinator, fetcher = client._coordinator, client._fetcher
    found = [getattr(coordinator, name, None) for name in _TASKS_OF_A_COORDINATOR]
    found += [fetcher._fetch_task, *fetcher._pending_tasks] if fetcher is not None else []
    await cancel({task for task in found if task is not None}, _CLOSE)
    await client._client.close()
