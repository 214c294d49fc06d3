"""Receives from Kafka."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any, ClassVar

import aiokafka
from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener

from eventy.broker.kafka.closing import Closings
from eventy.broker.kafka.connection import METADATA_MAX_AGE, KafkaConnection
from eventy.broker.kafka.fetching import as_fetched, fetch_lazily
from eventy.broker.kafka.letters import LetterTopics, LetterWriter
from eventy.broker.kafka.offsets import heed_errors_of_offsets
from eventy.broker.kafka.requests import bounded, started, translated
from eventy.broker.kafka.transactions import KafkaTransactions
from eventy.broker.kafka.watch import PartitionWatch
from eventy.clock import Clock
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.port import AssignmentListener, Port
from eventy.consumer.subscription import Subscription
from eventy.errors import BrokerUnavailableError, CommitFailedError
from eventy.message.record import DeadLetter, Record, TopicPartition
from eventy.tasks import is_being_cancelled

logger = logging.getLogger(__name__)

# Milliseconds that a fetch waits for records; it is also how soon the engine notices that it must stop.
_FETCH = 200
# Bytes of a partition in one batch: a few of them wait in memory for each partition, several times as large once they
# are records. Twice what the emitter puts into a batch of its own: less, and the broker would cut those off.
_BATCH = 524_288
# Seconds for the client to leave the group and disconnect.
_CLOSE = 5.0
# Where the client keeps them: the first three with a group, the last without.
_TASKS_OF_A_COORDINATOR = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")


class KafkaConsumer(EngineConsumer[KafkaConnection]):
    """The consumer of a Kafka cluster; the parameters are those of `EngineConsumer`."""

    broker_kind: ClassVar[str] = "kafka"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> KafkaConnection:
        return KafkaConnection.of(config)

    def _port(self) -> Port:
        kind = KafkaPort if self.group is not None else GrouplessKafkaPort
        return kind(self._broker, self._clock, self.subscription, self.group)


class KafkaPort:
    """A member of a group of a Kafka cluster."""

    def __init__(
        self, connection: KafkaConnection, clock: Clock, subscription: Subscription, group: str | None
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._subscription = subscription
        self._group = group
        self._client: AIOKafkaConsumer | None = None
        self._letter_topics = LetterTopics(connection)
        self._closings = Closings()
        self._letters = LetterWriter(connection, self._letter_topics)
        self._watch: PartitionWatch | None = None
        self._paused: set[TopicPartition] = set()
        self._held: set[TopicPartition] = set()
        self._generation: int | None = None
        self._failure: Exception | None = None
        self.found_at_open: Collection[TopicPartition] = ()
        # Half of what the group grants: the rest is for flushing and committing.
        self.revoke_timeout = connection.rebalance_timeout / 2000

    async def open(self, listener: AssignmentListener) -> None:
        watch = await self._connect()
        topics = self._topics()
        # What the client's `subscribe` does; that refuses to be without a topic, which a pattern may be.
        self._consumer._subscription.subscribe(topics=set(topics), listener=_Listener(self, listener))
        self._consumer._client.set_topics(topics)
        if self._subscription.patterns:
            watch.start(METADATA_MAX_AGE / 1000, self._rejoin_if_topics_changed, self.failed)

    async def _connect(self) -> PartitionWatch:
        self._client = await self._connection.reached(self._clock, self._started)
        self._watch = PartitionWatch(str(self._subscription), self._consumer._client, self._subscription.matches)
        self.found_at_open = await self._watch.look()
        if not self.found_at_open:
            logger.info("%s: no such topic yet", self._subscription)
        return self._watch

    async def _started(self, seconds: float) -> AIOKafkaConsumer:
        fetch_lazily()
        heed_errors_of_offsets()
        client = AIOKafkaConsumer(
            **self._connection.client_options(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._connection.session_timeout,
            heartbeat_interval_ms=min(3_000, self._connection.session_timeout // 3),
            rebalance_timeout_ms=self._connection.rebalance_timeout,
            isolation_level="read_committed",
            max_partition_fetch_bytes=_BATCH,
            value_deserializer=as_fetched,
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

    # ------------------------------------------------------------ topics that come and go

    def _topics(self) -> tuple[str, ...]:
        return self._subscription.among({partition.topic for partition in self._found()})

    def _found(self) -> frozenset[TopicPartition]:
        return self._watch.found if self._watch is not None else frozenset()

    def _rejoin_if_topics_changed(self) -> None:
        if self._consumer.subscription() != frozenset(self._topics()):
            self._consumer._coordinator.request_rejoin()

    async def renew_topics(self) -> None:
        """Subscribe to the topics that there are now, when the engine has finished and the group isn't joined yet.

        Each rebalance looks, or every member would bring about one of its own for the same topic. The client's
        `subscribe` and its subscription to a pattern are no way: outside of a rebalance they drop the assignment
        before anything can be committed, inside of one they have the group joined twice.
        """
        client, watch = self._client, self._watch
        if client is None or watch is None or not self._subscription.patterns:
            return
        await watch.try_to_look()
        self.found_at_open = watch.found.intersection(self.found_at_open)  # what is made anew is new
        before, topics = client.subscription(), frozenset(self._topics())
        if topics != before:
            client._subscription.subscription._topics = topics
            client._client.set_topics(topics)
            _log_change(self._subscription, before, topics)

    # ------------------------------------------------------------ what the engine calls

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

    def rests(self) -> None:
        """Nobody turns this broker's clock."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._consumer.assignment():
            self._consumer.seek(_native(partition), offset)

    async def committed(self, partition: TopicPartition) -> int | None:
        request = self._consumer.committed(_native(partition))
        return await bounded(f"asking for the committed offset of {partition}", request)

    async def position(self, partition: TopicPartition) -> int:
        return await bounded(f"asking for the position in {partition}", self._consumer.position(_native(partition)))

    def unfetched(self, partition: TopicPartition) -> int | None:
        if self._client is None or partition not in self._client.assignment():
            return None
        state = self._client._subscription.subscription.assignment.state_value(_native(partition))
        if state.highwater is None or not state.has_valid_position:
            return None
        return max(0, int(state.highwater) - int(state.position))

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
        if self._is_expelled():
            raise CommitFailedError("the group has expelled this member: others may have gone on from its offsets")
        # A topic that is gone keeps no offsets; the client would ask again and again.
        topics = self._topics()
        native = {_native(partition): offset for partition, offset in offsets.items() if partition.topic in topics}
        if native:
            await bounded("committing offsets", self._consumer.commit(native))

    async def write_letter(self, letter: DeadLetter) -> None:
        await self._letters.write(letter)

    def transactions(self, partition: TopicPartition) -> KafkaTransactions:
        assert self._group is not None
        return KafkaTransactions(
            self._connection,
            transactional_id=f"{self._group}:{partition.topic}:{partition.partition}",
            group=self._group,
            source=partition,
            letters=self._letter_topics,
            closings=self._closings,
        )

    def owns(self, partition: TopicPartition) -> bool:
        return partition in self._consumer.assignment() and not self._is_expelled()

    def _is_expelled(self) -> bool:
        return getattr(self._consumer._coordinator, "generation", None) != self._generation

    def readiness(self) -> str | None:
        # The client reconnects by itself, and says nothing of it.
        connections = self._consumer._client._conns.values()
        if any(connection.connected() for connection in connections):
            return None
        return f"no connection to Kafka at {self._connection.bootstrap_server}"

    async def drain(self) -> None:
        """Kafka keeps what isn't handled."""

    def lag(self) -> Mapping[tuple[str, TopicPartition], int]:
        return {}

    def lost(self) -> int:
        return 0

    def lost_by_leaving(self) -> int:
        return 0

    async def close(self) -> None:
        await asyncio.gather(self._leave(), self._letters.close(), self._closings.wait())

    async def _leave(self) -> None:
        if self._watch is not None:
            await self._watch.stop()
        if self._client is not None:
            client, self._client = self._client, None
            await _close(client)


class GrouplessKafkaPort(KafkaPort):
    """A reader of all partitions, who commits nothing."""

    async def open(self, listener: AssignmentListener) -> None:
        self._listener = listener
        self._known: frozenset[TopicPartition] = frozenset()
        watch = await self._connect()
        if watch.found:
            self._assign(watch.found)
        await listener.on_assigned(watch.found)
        watch.start(METADATA_MAX_AGE / 1000, lambda: None, self.failed)

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        if (found := self._found()) != self._known:
            await self._change(found)
        if not self._known and self._failure is None:
            await self._clock.sleep(_FETCH / 1000)
            return {}
        return await super().fetch()

    async def _change(self, found: frozenset[TopicPartition]) -> None:
        new, gone = found - self._known, self._known - found
        before = {partition.topic for partition in self._known}
        self.found_at_open = found.intersection(self.found_at_open)  # what is made anew is new
        if gone:
            await self._listener.on_revoked(gone)
        self._assign(found)
        self._listener.rewind()
        await self._listener.on_assigned(new)
        _log_change(self._subscription, before, {partition.topic for partition in found})

    def _assign(self, found: frozenset[TopicPartition]) -> None:
        self._paused = (self._paused & found) | (found - self._known)
        self._held &= found
        self._known = found
        self._consumer.assign([_native(partition) for partition in found])
        # The client has forgotten, with the former assignment, what was paused and where each partition was.
        for partition in found:
            self._apply(partition)

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
            await self._port.renew_topics()
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


def _log_change(subscription: Subscription, before: Set[str], now: Set[str]) -> None:
    for what, topics in (("new", now - before), ("gone", before - now)):
        if topics:
            logger.info("%s: %s: %s", subscription, what, ", ".join(sorted(topics)))


def _native(partition: TopicPartition) -> aiokafka.TopicPartition:
    """Return the client's own kind: it refuses others, though they are equal."""
    return aiokafka.TopicPartition(partition.topic, partition.partition)


async def _close(client: AIOKafkaConsumer) -> None:
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
    tasks = {task for task in found if task is not None}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CLOSE)
    await client._client.close()
