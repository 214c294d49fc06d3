"""Writing dead letters to Kafka."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer

from eventy.broker.kafka.batch import Partitioning, partitions_of
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.outbox import Outboxes
from eventy.broker.kafka.producer import LiveProducer
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, bounded, left_until
from eventy.broker.kafka.topics import make_unless_there
from eventy.errors import BrokerError, RecordTooLargeError
from eventy.message.record import DeadLetter, TopicPartition

# Seconds for a letter, the making of its topic included. Its partition waits meanwhile, so a broker that restarts is
# given the time.
_WRITE = 2 * REQUEST_TIMEOUT
# Bytes by which a letter may be larger than its message: ample for the headers, whose texts are bounded.
_HEADROOM = 65_536


class LetterTopics:
    """Makes the topics of dead letters where they are missing; each is looked for once."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._found: set[str] = set()
        self._finding = asyncio.Lock()

    async def find(self, topic: str, like: str) -> None:
        """Return when a topic is there. Raises BrokerUnavailableError, BrokerError.

        Parameters
            like: the topic whose partitions and largest message it gets.
        """
        async with self._finding:
            if topic not in self._found:
                await make_unless_there(self._connection, topic, like=like, headroom=_HEADROOM)
                self._found.add(topic)

    def forget(self, topic: str) -> None:
        """Look again the next time: somebody may have removed it."""
        self._found.discard(topic)


async def target_of(producer: AIOKafkaProducer, letter: DeadLetter) -> TopicPartition:
    """Return where a letter goes: to the partition that its message was in, else, without that one, by its key."""
    source, record = letter
    partitions = await partitions_of(producer, record.topic)
    if source.partition not in partitions:  # a topic that was just made may not be known as a whole yet
        await producer.client.force_metadata_update()
        partitions = await partitions_of(producer, record.topic)
    is_there = source.partition in partitions
    return TopicPartition(record.topic, source.partition if is_there else Partitioning(partitions).of(record.key))


class LetterWriter:
    """Writes dead letters: it connects at the first one, which may never come.

    The client is given whole batches, not records. So it takes whatever the broker has taken once: it minds neither
    KAFKA_MAX_REQUEST_SIZE nor that key and value are both missing.
    """

    def __init__(self, connection: KafkaConnection, topics: LetterTopics) -> None:
        self._topics = topics
        self._producer = LiveProducer(connection)
        self._outboxes = Outboxes(self._producer)

    async def write(self, letter: DeadLetter) -> None:
        """Return when the broker has acknowledged a letter; its topic is made if it is missing.

        Raises BrokerUnavailableError, RecordTooLargeError and BrokerError.
        """
        deadline = asyncio.get_running_loop().time() + _WRITE
        try:
            await self._write(letter, deadline)
        except (BrokerError, RecordTooLargeError):
            self._topics.forget(letter.record.topic)
            raise

    async def _write(self, letter: DeadLetter, deadline: float) -> None:
        what = f"writing a dead letter to {letter.record.topic}"

        async def find_target(producer: AIOKafkaProducer) -> TopicPartition:
            return await target_of(producer, letter)

        await bounded(what, self._topics.find(letter.record.topic, letter.source.topic), left_until(deadline))
        target = await self._producer.run(find_target, what, left_until(deadline))
        await self._outboxes.write({target: [letter.record]}, deadline)

    async def close(self) -> None:
        """Disconnect, for good."""
        await self._producer.close()
