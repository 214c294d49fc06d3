"""The port to Kafka, for a reader without a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eventy.broker.kafka.consumer import FETCH, native
from eventy.consumer.kafka_port import KafkaPort, log_change
from eventy.consumer.port import AssignmentListener
from eventy.message.record import Record, TopicPartition


class GrouplessKafkaPort(KafkaPort):
    """A reader of all partitions, who commits nothing."""

    async def open(self, listener: AssignmentListener) -> None:
        self._listener = listener
        self._known: frozenset[TopicPartition] = frozenset()
        watch = await self._connect()
        if watch.found:
            self._assign(watch.found)
        await listener.on_assigned(watch.found)
        self._keep_looking(watch, lambda: None)

    async def fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        if (found := self._found()) != self._known:
            await self._change(found)
        if not self._known and self._failure is None:
            await self._clock.sleep(FETCH / 1000)
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
        log_change(self._subscription, before, {partition.topic for partition in found})

    def _assign(self, found: frozenset[TopicPartition]) -> None:
        # The client forgets, with the former assignment, what was paused and where each partition was.
        self._consumer.assign([native(partition) for partition in found])
        self._paused.go_on(self._consumer, self._known, found)
        self._known = found

    async def committed(self, partition: TopicPartition) -> int | None:
        return None

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Nothing to keep without a group."""
