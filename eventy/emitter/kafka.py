"""Sends to Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from eventy.broker.kafka.batch import Partitioning, partitions_of, targets_of, write_batches
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.producer import LiveProducer
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, translated
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerError, BrokerUnavailableError, RecordTooLargeError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.serializer.base import BaseEventSerializer

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
        self._single = LiveProducer(broker)
        self._batched = LiveProducer(broker)
        self._together: dict[str, list[tuple[ProducerRecord, asyncio.Future[None]]]] = {}
        self._sending: set[asyncio.Task[None]] = set()
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

    def is_transactional_with(self, broker: object) -> bool:
        return isinstance(broker, KafkaConnection) and broker.is_same_cluster(self._connection)

    async def write_one(self, record: ProducerRecord) -> None:
        await self._connected()
        written = asyncio.get_running_loop().create_future()
        together = self._together.get(record.topic)
        if together is None:
            together = self._together[record.topic] = []
            sending = asyncio.create_task(self._send_together(record.topic))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        together.append((record, written))
        await written

    async def _send_together(self, topic: str) -> None:
        """Send what was given in one turn of the loop: the producer is asked for once, and watched once.

        Each of them is answered as soon as the broker has acknowledged it, whatever becomes of the others.
        """
        singles, what = self._together.pop(topic), f"sending to {topic}"

        async def send(producer: AIOKafkaProducer) -> None:
            partitioning, sent = Partitioning(await partitions_of(producer, topic)), []
            for record, written in singles:
                partition = partitioning.any() if record.key is None else partitioning.of(record.key)
                headers = list(record.headers)
                try:
                    acknowledged = await producer.send(topic, record.value, record.key, partition, headers=headers)
                except KafkaError as error:  # refused by the client itself: the others have nothing to do with it
                    acknowledged = asyncio.get_running_loop().create_future()
                    acknowledged.set_exception(error)
                acknowledged.add_done_callback(partial(_answer, written, what))
                sent.append(acknowledged)
            await asyncio.wait(sent)
            for acknowledged in sent:
                acknowledged.result()  # an error is the end of the producer

        try:
            await self._single.run(send, what, _SEND)
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            for _, written in singles:
                if not written.done():
                    written.set_exception(error)

    async def write(self, records: list[ProducerRecord]) -> None:
        async def find_targets(producer: AIOKafkaProducer) -> dict[TopicPartition, list[ProducerRecord]]:
            return await targets_of(producer, records)

        await self._connected()
        what, deadline = f"sending {len(records)} records", asyncio.get_running_loop().time() + _FLUSH
        targets = await self._batched.run(find_targets, what, _FLUSH)
        writes = (self._write_to(partition, group, what, deadline) for partition, group in targets.items())
        # All of them end before the first error is raised: nothing is written behind the back of the next try.
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _write_to(
        self, partition: TopicPartition, records: list[ProducerRecord], what: str, deadline: float
    ) -> None:
        async def send(producer: AIOKafkaProducer) -> None:
            await write_batches(producer, partition, records)

        await self._batched.run_in_turn(partition, send, what, deadline)

    async def _connected(self) -> None:
        """Wait for the broker's first answer, as long as somebody who sends would wait for an acknowledgement."""
        if self._connecting is None:
            raise BrokerUnavailableError("the emitter isn't started: list it among the application's components")
        if not self._connecting.done():
            with translated("waiting for the broker"):
                async with asyncio.timeout(_SEND):
                    await asyncio.shield(self._connecting)


def _answer(written: asyncio.Future[None], what: str, acknowledged: asyncio.Future[object]) -> None:
    """Tell who waits for a single record what the client tells of it."""
    is_done = not acknowledged.cancelled() and acknowledged.exception() is None  # an error unread would be logged
    if written.done():  # who waited has given up
        return
    if is_done:
        written.set_result(None)
        return
    try:
        with translated(what):
            acknowledged.result()
    except (BrokerError, RecordTooLargeError) as error:
        written.set_exception(error)
