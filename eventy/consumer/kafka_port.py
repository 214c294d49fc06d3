"""The port to Kafka, for a member of a group."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from functools import partial

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener

from eventy.broker.kafka.closing import Closings
from eventy.broker.kafka.connection import METADATA_MAX_AGE, KafkaConnection
from eventy.broker.kafka.consumer import FETCH, close_consumer, native, start_consumer
from eventy.broker.kafka.letters import LetterTopics, LetterWriter
from eventy.broker.kafka.paused import PausedPartitions
from eventy.broker.kafka.requests import bounded, translated
from eventy.broker.kafka.transactions import KafkaTransactions
from eventy.broker.kafka.watch import PartitionWatch
from eventy.clock import Clock
from eventy.consumer.port import AssignmentListener
from eventy.consumer.subscription import Subscription
from eventy.errors import BrokerUnavailableError, CommitFailedError
from eventy.message.record import DeadLetter, Record, TopicPartition

logger = logging.getLogger(__name__)


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
        self._paused = PausedPartitions()
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
            self._keep_looking(watch, self._rejoin_if_topics_changed)

    async def _connect(self) -> PartitionWatch:
        self._client = await self._connection.reached(
            self._clock, partial(start_consumer, self._connection, self._group)
        )
        self._watch = PartitionWatch(str(self._subscription), self._consumer._client, self._subscription.matches)
        self.found_at_open = await self._watch.look()
        if not self.found_at_open:
            logger.info("%s: no such topic yet", self._subscription)
        return self._watch

    def _keep_looking(self, watch: PartitionWatch, changed: Callable[[], None]) -> None:
        watch.start(METADATA_MAX_AGE / 1000, changed, self.failed)

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
            log_change(self._subscription, before, topics)

    # ------------------------------------------------------------ what the engine calls

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        if self._failure is not None:
            raise self._failure
        with translated("fetching"):
            batches: Mapping[TopicPartition, Sequence[Record]] = await self._consumer.getmany(timeout_ms=FETCH)
            return batches

    def interrupt(self) -> None:
        """Nothing to do: a fetch returns by itself, and cancelling one would break the client's accounting."""

    def failed(self, error: Exception) -> None:
        """Have the next fetch raise an error of the listener: the client itself would only log it."""
        self._failure = error

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Begin paused, before anything is awaited: the client delivers while its listener still runs."""
        self._generation = getattr(self._consumer._coordinator, "generation", None)
        self._paused.begin(self._consumer, partitions)

    def pause(self, partition: TopicPartition) -> None:
        self._paused.pause(self._consumer, partition)

    def resume(self, partition: TopicPartition) -> None:
        self._paused.resume(self._consumer, partition)

    def hold(self, partition: TopicPartition) -> None:
        self._paused.hold(self._consumer, partition)

    def release(self, partition: TopicPartition) -> None:
        self._paused.release(self._consumer, partition)

    def rests(self) -> None:
        """Nobody turns this broker's clock."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._consumer.assignment():
            self._consumer.seek(native(partition), offset)

    async def committed(self, partition: TopicPartition) -> int | None:
        request = self._consumer.committed(native(partition))
        return await bounded(f"asking for the committed offset of {partition}", request)

    async def position(self, partition: TopicPartition) -> int:
        return await bounded(f"asking for the position in {partition}", self._consumer.position(native(partition)))

    def unfetched(self, partition: TopicPartition) -> int | None:
        if self._client is None or partition not in self._client.assignment():
            return None
        state = self._client._subscription.subscription.assignment.state_value(native(partition))
        if state.highwater is None or not state.has_valid_position:
            return None
        return max(0, int(state.highwater) - int(state.position))

    async def beginning_offset(self, partition: TopicPartition) -> int:
        request = self._consumer.beginning_offsets([native(partition)])
        offsets = await bounded(f"asking where {partition} begins", request)
        return int(offsets[partition])

    async def end_offset(self, partition: TopicPartition) -> int:
        request = self._consumer.end_offsets([native(partition)])
        offsets = await bounded(f"asking where {partition} ends", request)
        return int(offsets[partition])

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        # A member that was expelled commits as nobody, which the broker lets pass when the group is empty by then.
        if self._is_expelled():
            raise CommitFailedError("the group has expelled this member: others may have gone on from its offsets")
        # A topic that is gone keeps no offsets; the client would ask again and again.
        topics = self._topics()
        kept = {native(partition): offset for partition, offset in offsets.items() if partition.topic in topics}
        if kept:
            await bounded("committing offsets", self._consumer.commit(kept))

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
        try:
            if self._watch is not None:
                await self._watch.stop()
        finally:  # cut short as well: the client would fetch for ever
            if self._client is not None:
                client, self._client = self._client, None
                await close_consumer(client)


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


def log_change(subscription: Subscription, before: Set[str], now: Set[str]) -> None:
    """Tell which topics have come and gone."""
    for what, topics in (("new", now - before), ("gone", before - now)):
        if topics:
            logger.info("%s: %s: %s", subscription, what, ", ".join(sorted(topics)))
