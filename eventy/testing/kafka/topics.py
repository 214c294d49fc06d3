"""Topics and names for tests that share one broker."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code


def unique(name: str) -> str:
    """Return the name with a suffix that no other test has, for topics, groups and transactional ids."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


async def create_topics(
    bootstrap: str, partitions: Mapping[str, int], configs: Mapping[str, str] | None = None
) -> None:
    """Create each topic with so many partitions, and the same topic configs for all; raise if it exists."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for error in (await make_topics(admin, partitions, configs)).values():
            raise error
    finally:
        await admin.close()


async def make_topics(
    admin: AIOKafkaAdminClient, partitions: Mapping[str, int], configs: Mapping[str, str] | None = None
) -> Mapping[str, KafkaError]:
    """Make each topic, as `create_topics` does, by a client that is started. Return why some of them weren't made."""
    new = [NewTopic(topic, count, 1, topic_configs=dict(configs or {})) for topic, count in partitions.items()]
    answer = await admin.create_topics(new)
    # The client doesn't raise what the broker refused: the answer has a code and a message for each topic.
    return {topic: for_code(code)(f"{topic}: {message}") for topic, code, message in answer.topic_errors if code != 0}
