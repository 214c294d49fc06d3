"""Receives from Kafka."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import aiokafka
from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener

from eventy.broker.kafka.connection import METADATA_MAX_AGE, KafkaConnection
from eventy.broker.kafka.letters import LetterWriter
from eventy.broker.kafka.requests import bounded, started, translated
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import AssignmentListener, Port
from eventy.errors import BrokerUnavailableError, CommitFailedError
from eventy.handler.dead_letter import DeadLetter
from eventy.message.record import Record, TopicPartition

logger = logging.getLogger(__name__)

# Milliseconds that a fetch waits for records; it is also how soon the engine notices that it must stop.
_FETCH = 200
# Seconds for the client to leave the group and disconnect.
_CLOSE = 5.0


class KafkaConsumer(EngineConsumer[KafkaConnection]):
    """The consumer of a Kafka cluster; the parameters are those of `EngineConsumer`."""

    broker_kind: ClassVar[str] = "kafka"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> KafkaConnection:
        return KafkaConnection.of(config)

    def _port(self) -> Port:
        kind = KafkaPort if self.group is not None else GrouplessKafkaPort
        return kind(self._broker, self._clock, self.topics, self.group)


class KafkaPort:
    """A member of a group of a Kafka cluster."""

    def __init__(self, connection: KafkaConnection, clock: Clock, topics: Sequence[str], group: str | None) -> None:
        self._connection = connection
        self._clock = clock
        self._topics = topics
        self._group = group
        self._client: AIOKafkaConsumer | None = None
        self._letters = LetterWriter(connection)
        self._paused: set[TopicPartition] = set()
        self._held: set[TopicPartition] = set()
        self._generation: int | None = None
        self._failure: Exception | None = None
        self.found_at_open: Collection[TopicPartition] = ()
        # Half of what the group grants: the rest is for flushing and committing.
        self.revoke_timeout = connection.rebalance_timeout / 2000

    async def open(self, listener: AssignmentListener) -> None:
        await self._connect()
        self.found_at_open = await self._partitions()
        self._consumer.subscribe(topics=list(self._topics), listener=_Listener(self, listener))

    async def _partitions(self) -> frozenset[TopicPartition]:
        # The consumer's own answer knows the topics only that are assigned already.
        cluster = await bounded("asking for partitions", self._consumer._client.fetch_all_metadata())
        return frozenset(
            TopicPartition(topic, number)
            for topic in self._topics
            for number in cluster.partitions_for_topic(topic) or ()
        )

    async def _connect(self) -> None:
        self._client = await self._connection.reached(self._clock, self._started)

    async def _started(self, seconds: float) -> AIOKafkaConsumer:
        client = AIOKafkaConsumer(
            **self._connection.client_options(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._connection.session_timeout,
            heartbeat_interval_ms=min(3_000, self._connection.session_timeout // 3),
            rebalance_timeout_ms=self._connection.rebalance_timeout,
            isolation_level="read_committed",
        )
        try:
            await started(client, seconds)
        except BaseException:
            await _close(client)
            raise
        return client

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        if self._client is None:
            raise BrokerUnavailableError("not connected to Kafka yet")
        return self._client

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        if self._failure is not None:
            raise self._failure
        with translated("fetching"):
            batches: Mapping[TopicPartition, Sequence[Record]] = await self._consumer.getmany(timeout_ms=_FETCH)
            return batches

    def interrupt(self) -> None:
        """Nothing to do: a fetch returns by itself, and cancelling one would break the client's accounting."""

    def failed(self, error: Exception) -> None:
        """Have the next fetch raise an error of the listener: the client itself would only log it."""
        self._failure = error

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Begin paused, before anything is awaited: the client delivers while its listener still runs."""
        self._generation = getattr(self._consumer._coordinator, "generation", None)
        self._held.clear()
        self._paused = set(partitions)
        self._consumer.pause(*map(_native, partitions))

    def pause(self, partition: TopicPartition) -> None:
        self._paused.add(partition)
        self._apply(partition)

    def resume(self, partition: TopicPartition) -> None:
        self._paused.discard(partition)
        self._apply(partition)

    def hold(self, partition: TopicPartition) -> None:
        self._held.add(partition)
        self._apply(partition)

    def release(self, partition: TopicPartition) -> None:
        self._held.discard(partition)
        self._apply(partition)

    def _apply(self, partition: TopicPartition) -> None:
        if partition not in self._consumer.assignment():
            return
        if partition in self._paused or partition in self._held:
            self._consumer.pause(_native(partition))
        else:
            self._consumer.resume(_native(partition))

    def asleep(self, partition: TopicPartition) -> None:
        """Nobody turns this broker's clock."""

    def awake(self, partition: TopicPartition) -> None:
        """Nobody turns this broker's clock."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._consumer.assignment():
            self._consumer.seek(_native(partition), offset)

    async def committed(self, partition: TopicPartition) -> int | None:
        request = self._consumer.committed(_native(partition))
        return await bounded(f"asking for the committed offset of {partition}", request)

    async def position(self, partition: TopicPartition) -> int:
        return await bounded(f"asking for the position in {partition}", self._consumer.position(_native(partition)))

    async def beginning_offset(self, partition: TopicPartition) -> int:
        request = self._consumer.beginning_offsets([_native(partition)])
        offsets = await bounded(f"asking where {partition} begins", request)
        return int(offsets[partition])

    async def end_offset(self, partition: TopicPartition) -> int:
        request = self._consumer.end_offsets([_native(partition)])
        offsets = await bounded(f"asking where {partition} ends", request)
        return int(offsets[partition])

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        # A member that was expelled commits as nobody, which the broker lets pass when the group is empty by then.
        if self._consumer._coordinator.generation != self._generation:
            raise CommitFailedError("the group has expelled this member: others may have gone on from its offsets")
        native = {_native(partition): offset for partition, offset in offsets.items()}
        await bounded("committing offsets", self._consumer.commit(native))

    async def write_letter(self, letter: DeadLetter) -> None:
        await self._letters.write(letter.record, letter.source)

    def readiness(self) -> str | None:
        # The client reconnects by itself, and says nothing of it.
        connections = self._consumer._client._conns.values()
        if any(connection.connected() for connection in connections):
            return None
        return f"no connection to Kafka at {self._connection.bootstrap_server}"

    async def drain(self) -> None:
        """Kafka keeps what isn't handled."""

    def lost(self) -> int:
        return 0

    async def close(self) -> None:
        await asyncio.gather(self._leave(), self._letters.close())

    async def _leave(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await _close(client)


class GrouplessKafkaPort(KafkaPort):
    """A reader of all partitions, who commits nothing. New partitions are looked for while fetching."""

    async def open(self, listener: AssignmentListener) -> None:
        self._listener = listener
        self._known: frozenset[TopicPartition] = frozenset()
        self._looked = self._clock.monotonic()
        await self._connect()
        self.found_at_open = await self._partitions()
        await self._add(frozenset(self.found_at_open))

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        if self._clock.monotonic() - self._looked > METADATA_MAX_AGE / 1000:
            self._looked = self._clock.monotonic()
            if new := await self._partitions() - self._known:
                await self._add(new)
        if not self._known:
            await self._clock.sleep(_FETCH / 1000)
            return {}
        return await super().fetch()

    async def _add(self, new: frozenset[TopicPartition]) -> None:
        if new:
            self._known |= new
            self._consumer.assign([_native(partition) for partition in self._known])
            self._paused |= new
            # The client has forgotten, with the former assignment, what was paused and where each partition was.
            for partition in self._known:
                self._apply(partition)
            self._listener.rewind()
        await self._listener.on_assigned(new)

    async def committed(self, partition: TopicPartition) -> int | None:
        return None

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Nothing to keep without a group."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client isn't typed
    def __init__(self, port: KafkaPort, listener: AssignmentListener) -> None:
        self._port = port
        self._listener = listener

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        try:
            await self._listener.on_revoked([TopicPartition(*partition) for partition in revoked])
        except Exception as error:
            self._port.failed(error)
            raise

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        partitions = [TopicPartition(*partition) for partition in assigned]
        try:
            self._port.assigned(partitions)
            await self._listener.on_assigned(partitions)
        except Exception as error:
            self._port.failed(error)
            raise


def _native(partition: TopicPartition) -> aiokafka.TopicPartition:
    """Return the client's own kind: it refuses others, though they are equal."""
    return aiokafka.TopicPartition(partition.topic, partition.partition)


async def _close(client: AIOKafkaConsumer) -> None:
    """Disconnect within a bound. With the broker down the client raises CancelledError of its own."""
    try:
        async with asyncio.timeout(_CLOSE):
            await client.stop()
    except asyncio.CancelledError:
        await client._client.close()
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
    except Exception as error:  # noqa: BLE001 - it is closed either way
        logger.debug("closing a consumer: %r", error)
        await client._client.close()
