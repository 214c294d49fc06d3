"""Sends to Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any, ClassVar

from eventy.broker.kafka.batch import Partitioning, partitions_of, targets_of
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.outbox import Outboxes, Parcel
from eventy.broker.kafka.producer import LiveProducer
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, left_until, translated
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerUnavailableError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.serializer.base import BaseEventSerializer

# Seconds for a send outside a handler: somebody waits for it. A little more than the client's own requests take.
_SEND = REQUEST_TIMEOUT + 2
# Seconds for what handlers have sent: their messages wait, so a broker that restarts is given the time.
_FLUSH = 3 * REQUEST_TIMEOUT
# Seconds for what is accepted to be sent before the emitter stops.
_SETTLE = 3.0


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
        self._producer = LiveProducer(broker)
        self._outboxes = Outboxes(self._producer)
        self._together: dict[str, list[Parcel]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._stopped = asyncio.Event()

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        self._connecting = asyncio.create_task(self._connect(), name="emitter connecting to Kafka")

    async def _connect(self) -> None:
        await self._connection.reached(self._clock, self._producer.get)

    async def stop(self) -> None:
        self._is_stopping = True
        try:
            if self._connecting is not None:
                self._connecting.cancel()
                await asyncio.wait({self._connecting})
            await self._settled()
        finally:  # when it is cut short as well
            await self._producer.close()
        await self._outboxes.settle()
        self._stopped.set()

    async def _settled(self) -> None:
        """Wait until what is accepted is sent; where the broker is away, it can't be."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE):
                while self._together:
                    await asyncio.wait(self._sending)
                await self._outboxes.settle()

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
        return self._producer.trouble

    # ------------------------------------------------------------ sending

    def is_transactional_with(self, broker: object) -> bool:
        return isinstance(broker, KafkaConnection) and broker.is_same_cluster(self._connection)

    async def write_one(self, record: ProducerRecord) -> None:
        await self._connected()
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        together = self._together.get(record.topic)
        if together is None:
            together = self._together[record.topic] = []
            sending = asyncio.create_task(self._send_together(record.topic), context=Context())
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        together.append(Parcel((record,), written, loop.time() + _SEND))
        await written

    async def _send_together(self, topic: str) -> None:
        """Send what was given in one turn of the loop, for which the topic's partitions are asked for once."""
        together, what = self._together[topic], f"sending to {topic}"
        while asked := len(together):
            seconds = left_until(together[asked - 1].deadline)
            try:
                partitions = await self._producer.run(lambda producer: partitions_of(producer, topic), what, seconds)
            except Exception as error:  # noqa: BLE001 - it is theirs who wait; those who came later may yet succeed
                for parcel in together[:asked]:
                    parcel.fail(error)
                del together[:asked]
            else:
                self._put(topic, together, Partitioning(partitions))
                break
        del self._together[topic]

    def _put(self, topic: str, singles: list[Parcel], partitioning: Partitioning) -> None:
        for parcel in singles:
            (record,) = parcel.records
            partition = partitioning.any() if record.key is None else partitioning.of(record.key)
            self._outboxes.put(TopicPartition(topic, partition), parcel)

    async def write(self, records: list[ProducerRecord]) -> None:
        await self._connected()
        deadline = asyncio.get_running_loop().time() + _FLUSH
        targets = await self._producer.run(
            lambda producer: targets_of(producer, records), f"sending {len(records)} records", _FLUSH
        )
        await self._outboxes.write(targets, deadline)

    async def _connected(self) -> None:
        """Wait for the broker's first answer, as long as somebody who sends would wait for an acknowledgement."""
        if self._connecting is None:
            raise BrokerUnavailableError("the emitter isn't started: list it among the application's components")
        if self._is_stopping:
            raise BrokerUnavailableError("the emitter stops, nothing can be sent any more")
        if not self._connecting.done():
            with translated("waiting for the broker"):
                async with asyncio.timeout(_SEND):
                    await asyncio.shield(self._connecting)
