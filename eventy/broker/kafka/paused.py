"""The partitions of which nothing is fetched: the client forgets them with each assignment."""

from __future__ import annotations

from collections.abc import Collection, Set

from aiokafka import AIOKafkaConsumer

from eventy.broker.kafka.consumer import native
from eventy.message.record import TopicPartition


class PausedPartitions:
    """Why nothing is fetched of a partition: `pause`, enough of it waits; `hold`, a message waits for its retry.

    They are kept apart: fetching goes on when neither is left.
    """

    def __init__(self) -> None:
        self._paused: set[TopicPartition] = set()
        self._held: set[TopicPartition] = set()

    def begin(self, client: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> None:
        """Begin a new assignment, paused as a whole."""
        self._held.clear()
        self._paused = set(partitions)
        client.pause(*map(native, partitions))

    def go_on(self, client: AIOKafkaConsumer, before: Set[TopicPartition], now: Set[TopicPartition]) -> None:
        """Go on with an assignment that has changed: what was there before stays as it is, what is new is paused."""
        self._paused = (self._paused & now) | (now - before)
        self._held &= now
        for partition in now:
            self._apply(client, partition)

    def pause(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._paused.add(partition)
        self._apply(client, partition)

    def resume(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._paused.discard(partition)
        self._apply(client, partition)

    def hold(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._held.add(partition)
        self._apply(client, partition)

    def release(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._held.discard(partition)
        self._apply(client, partition)

    def _apply(self, client: AIOKafkaConsumer, partition: TopicPartition) -> None:
        if partition not in client.assignment():
            return
        if partition in self._paused or partition in self._held:
            client.pause(native(partition))
        else:
            client.resume(native(partition))
