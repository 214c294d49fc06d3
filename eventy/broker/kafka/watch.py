"""What there is of some topics of a cluster, looked up again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiokafka.client import AIOKafkaClient

from eventy.broker.kafka.requests import REQUEST_TIMEOUT, bounded
from eventy.errors import BrokerError
from eventy.message.record import TopicPartition

logger = logging.getLogger(__name__)

# Seconds that a look may take which isn't the first: a rebalance waits for one, and its own time is limited.
_LOOK = 5.0


class PartitionWatch:
    """Knows the partitions of some topics.

    The cluster is asked for all topics at once: a request that names one would have the broker make it, if it is
    set up so.

    Parameters
        what: the topics, for the log.
        client: is asked.
        reads: whether a topic is among them.
    """

    def __init__(self, what: str, client: AIOKafkaClient, reads: Callable[[str], bool]) -> None:
        self.found: frozenset[TopicPartition] = frozenset()
        self._what = what
        self._client = client
        self._reads = reads
        self._watching: asyncio.Task[None] | None = None

    async def look(self, seconds: float = REQUEST_TIMEOUT) -> frozenset[TopicPartition]:
        """Return the partitions that there are, and keep them as `found`. Raises BrokerError."""
        cluster = await bounded("asking for topics", self._client.fetch_all_metadata(), seconds)
        self.found = frozenset(
            TopicPartition(topic, number)
            for topic in cluster.topics(exclude_internal_topics=False)
            if self._reads(topic)
            for number in cluster.partitions_for_topic(topic) or ()
        )
        return self.found

    async def try_to_look(self) -> None:
        """Look, but leave it at what was found before if the broker doesn't answer."""
        try:
            await self.look(_LOOK)
        except BrokerError as error:
            logger.warning("%s: not known whether there are new ones, looking again: %s", self._what, error)

    def start(self, interval: float, looked: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Look every `interval` seconds until `stop`.

        Parameters
            looked: called after each look.
            failed: called with an error that nobody foresaw; it ends the watch.
        """
        self._watching = asyncio.create_task(self._watch(interval, looked, failed), name=f"watch of {self._what}")

    async def stop(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.wait({watching})

    async def _watch(self, interval: float, looked: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        try:
            while True:
                await asyncio.sleep(interval)
                await self.try_to_look()
                looked()
        except Exception as error:  # noqa: BLE001 - a consumer that sees nothing new any more has failed
            failed(error)
