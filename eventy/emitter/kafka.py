"""Sends to Kafka."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from random import choice
from typing import Any, ClassVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder

from eventy.broker.kafka import RECONNECT, REQUEST_TIMEOUT, KafkaConnection, started, translated
from eventy.broker.partitioner import partition_of
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerError, BrokerUnavailableError, RecordTooLargeError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.serializer.base import BaseEventSerializer

logger = logging.getLogger(__name__)

# Bytes of a batch: well within every topic's max.message.bytes (1 MiB by default).
_BATCH = 262_144
# Seconds for a producer to send what it has and disconnect; with a batch that can't be sent it would wait for ever.
_CLOSE = 3.0
# Seconds for a send outside a handler: somebody waits for it. A little more than the client's own requests take.
_SEND = REQUEST_TIMEOUT + 2
# Seconds for what handlers have sent: their messages wait, so a broker that restarts is given the time.
_FLUSH = 3 * REQUEST_TIMEOUT


class KafkaProducer(BaseEventEmitter):
    """The emitter of a Kafka cluster.

    Parameters
        broker: which cluster.
        serializer, clock: as for `BaseEventEmitter`.
        source: who sends, the `ce_source` of each record; by default the connection's client id.
    """

    broker_kind: ClassVar[str] = "kafka"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> KafkaConnection:
        return KafkaConnection.of(config)

    def __init__(
        self, *, broker: KafkaConnection, serializer: BaseEventSerializer, clock: Clock, source: str | None = None
    ) -> None:
        super().__init__(
            serializer=serializer,
            clock=clock,
            source=source or broker.client_id,
            max_request_size=broker.max_request_size,
        )
        self._connection = broker
        # Single records and whole batches don't share a producer: the client makes a batch wait until no single
        # record of its partition is pending, and gives up too early.
        self._single = _Producer(broker)
        self._batched = _Producer(broker)
        self._connecting: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        self._connecting = asyncio.create_task(self._connect(), name="emitter connecting to Kafka")

    async def _connect(self) -> None:
        await self._connection.reached(self._clock, self._single.get)

    async def stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
        await asyncio.gather(self._single.close(), self._batched.close())
        self._stopped.set()

    async def wait(self) -> None:
        if self._connecting is not None:
            await asyncio.wait({self._connecting})
            if not self._connecting.cancelled():
                self._connecting.result()
        await self._stopped.wait()

    def readiness(self) -> str | None:
        if self._connecting is None or not self._connecting.done():
            return f"connecting to Kafka at {self._connection.bootstrap_server}"
        if self._connecting.cancelled() or self._connecting.exception() is not None:
            return f"not connected to Kafka at {self._connection.bootstrap_server}"
        return self._single.trouble or self._batched.trouble

    # ------------------------------------------------------------ sending

    async def write_one(self, record: ProducerRecord) -> None:
        async def send(producer: AIOKafkaProducer) -> None:
            partition = _Places(await _partitions(producer, record.topic)).of(record.key)
            headers = list(record.headers)
            await (await producer.send(record.topic, record.value, record.key, partition, headers=headers))

        await self._connected()
        await self._single.run(send, f"sending to {record.topic}", _SEND)

    async def write(self, records: list[ProducerRecord]) -> None:
        async def send(producer: AIOKafkaProducer) -> None:
            places = {topic: _Places(await _partitions(producer, topic)) for topic in {one.topic for one in records}}
            groups: dict[TopicPartition, list[ProducerRecord]] = defaultdict(list)
            for record in records:
                groups[TopicPartition(record.topic, places[record.topic].of(record.key))].append(record)
            writes = (self._write_to(producer, partition, group) for partition, group in groups.items())
            # All of them end before the first error is raised: nothing is written behind the back of the next try.
            for outcome in await asyncio.gather(*writes, return_exceptions=True):
                if outcome is not None:
                    raise outcome

        await self._connected()
        await self._batched.run(send, f"sending {len(records)} records", _FLUSH)

    async def _connected(self) -> None:
        """Wait for the broker's first answer, as long as somebody who sends would wait for an acknowledgement."""
        if self._connecting is None:
            raise BrokerUnavailableError("the emitter isn't started: list it among the application's components")
        if not self._connecting.done():
            with translated("waiting for the broker"):
                async with asyncio.timeout(_SEND):
                    await asyncio.shield(self._connecting)

    async def _write_to(
        self, producer: AIOKafkaProducer, partition: TopicPartition, records: list[ProducerRecord]
    ) -> None:
        # One at a time: the client counts the waiting of several against each other and times out for nothing.
        async with self._batched.locks[partition]:
            # And batch after batch, which is how the client sends them anyway: after one that fails none may follow.
            for batch in _batches(producer, records):
                await (await _submit(producer, batch, partition))


class _Producer:
    """A live producer, replaced after any error.

    An idempotent producer whose batch was refused goes on with a gap in its sequence numbers: every later batch to
    that partition fails.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._live: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._recovering: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self.locks: defaultdict[TopicPartition, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.trouble: str | None = None

    async def get(self, seconds: float = REQUEST_TIMEOUT) -> AIOKafkaProducer:
        """Return the producer, started within so many seconds. Raises BrokerUnavailableError."""
        async with self._starting:
            if self._live is None:
                producer = AIOKafkaProducer(
                    **self._connection.client_options(),
                    acks="all",
                    enable_idempotence=True,
                    compression_type=self._connection.compression,
                    max_request_size=self._connection.max_request_size,
                    max_batch_size=min(_BATCH, self._connection.max_request_size),
                )
                try:
                    await started(producer, seconds)
                except BaseException:
                    await _close(producer)
                    raise
                self._live = producer
            return self._live

    async def run(self, send: Callable[[AIOKafkaProducer], Awaitable[None]], what: str, seconds: float) -> None:
        """Send with the live producer, with eventy's errors; after one the producer is replaced."""
        producer = None
        try:
            with translated(what):
                async with asyncio.timeout(seconds):
                    producer = await self.get()
                    await send(producer)
        except (BrokerError, RecordTooLargeError) as error:
            if producer is not None and producer is self._live:
                self._retire()
            if isinstance(error, BrokerUnavailableError):
                self._recover(error)
            raise

    def _recover(self, error: BrokerUnavailableError) -> None:
        """Be in trouble until a new producer has reached the broker: nobody may send before we are ready again."""
        self.trouble = str(error)
        if self._recovering is None or self._recovering.done():
            self._recovering = asyncio.create_task(self._until_reached())

    async def _until_reached(self) -> None:
        while self.trouble is not None:
            try:
                await self.get()
            except BrokerUnavailableError:
                await asyncio.sleep(RECONNECT)
            else:
                self.trouble = None

    def _retire(self) -> None:
        producer, self._live = self._live, None
        if producer is not None:
            self.locks = defaultdict(asyncio.Lock)
            task = asyncio.create_task(_close(producer))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.wait({self._recovering})
        self._retire()
        if self._retiring:
            await asyncio.wait(self._retiring)


async def _partitions(producer: AIOKafkaProducer, topic: str) -> list[int]:
    return sorted(await producer.partitions_for(topic))


class _Places:
    """Where the records of one write go: by their keys, all those without one to a single partition, for one batch."""

    def __init__(self, partitions: list[int]) -> None:
        self._partitions = partitions
        self._keyless = choice(partitions)

    def of(self, key: bytes | None) -> int:
        """Return the partition of a key."""
        return self._keyless if key is None else self._partitions[partition_of(key, len(self._partitions))]


def _batches(producer: AIOKafkaProducer, records: list[ProducerRecord]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            yield batch
            batch = producer.create_batch()
            _append(batch, record)
    yield batch


def _append(batch: BatchBuilder, record: ProducerRecord) -> bool:
    """Add a record to a batch; False when it is full. The first one always fits."""
    headers = list(record.headers)
    return batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is not None


async def _submit(producer: AIOKafkaProducer, batch: BatchBuilder, partition: TopicPartition) -> asyncio.Future[object]:
    """Queue a batch; the future is done when the broker has acknowledged it."""
    batch.close()
    acknowledged: asyncio.Future[object] = await producer.send_batch(
        batch, partition.topic, partition=partition.partition
    )
    return acknowledged


async def _close(producer: AIOKafkaProducer) -> None:
    """Send what is pending within a bound, then disconnect; who still waits for an acknowledgement gets an error."""
    try:
        async with asyncio.timeout(_CLOSE):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - it is closed either way
        logger.debug("closing a producer: %r", error)
        # The client can't give up by itself: its sender would try for ever, in the background.
        ending = asyncio.create_task(_break_off(producer))
        await asyncio.wait({ending}, timeout=_CLOSE)
        ending.cancel()
        _fail_pending(producer)


async def _break_off(producer: AIOKafkaProducer) -> None:
    await producer.client.close()
    await producer._sender.close()


def _fail_pending(producer: AIOKafkaProducer) -> None:
    accumulator = producer._message_accumulator
    queued = [batch for batches in accumulator._batches.values() for batch in batches]
    # A batch that waits to be sent again is no longer among those under way, where the client looks for it at its end.
    accumulator._pending_batches.update(queued)
    accumulator.fail_all(ProducerClosed())
    for batch in queued:
        batch._drain_waiter.exception()  # nobody waits for room in a queue that is gone; unread it would be logged
