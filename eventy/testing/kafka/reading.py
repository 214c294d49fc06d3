"""Reads topics of a real broker as a whole, as every reader sees them who is told the truth about transactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from eventy.message.record import Record


def reader(bootstrap: str) -> AIOKafkaConsumer:
    """Return a client to read by that isn't started."""
    # What is read is there already: a broker needn't wait for more (ms).
    return AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", fetch_max_wait_ms=20)


async def records_of(client: AIOKafkaConsumer, topics: Collection[str]) -> Mapping[str, Sequence[Record]]:
    """Return what topics have, in order within a partition, partition after partition. One caller at a time.

    A topic that isn't there, that of letters before its first letter, has nothing.
    """
    cluster = await client._client.fetch_all_metadata()
    partitions = [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(cluster.partitions_for_topic(topic) or ())
    ]
    ends = await client.end_offsets(partitions) if partitions else {}
    read = [partition for partition in partitions if ends[partition]]
    found: dict[TopicPartition, list[Record]] = {partition: [] for partition in read}
    if read:
        client.assign(read)
        await client.seek_to_beginning(*read)
    while any([await client.position(partition) < ends[partition] for partition in read]):
        for partition, records in (await client.getmany(timeout_ms=20)).items():
            found[partition] += records
    return {
        topic: [record for at, records in found.items() if at.topic == topic for record in records] for topic in topics
    }
