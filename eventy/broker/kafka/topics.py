"""Making a topic that is like another one."""

from __future__ import annotations

import asyncio
import logging

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, started, translated
from eventy.errors import BrokerError, BrokerUnavailableError

logger = logging.getLogger(__name__)

# How many partitions or replicas, by the broker's own default (KIP-464).
_BROKERS_DEFAULT = -1
_MAX_MESSAGE_BYTES = "max.message.bytes"
# Of a topic's configuration, which is an int32.
_LARGEST = 2**31 - 1
# Seconds to disconnect.
_CLOSE = 3.0


async def make_unless_there(connection: KafkaConnection, topic: str, *, like: str, headroom: int) -> None:
    """Return when the topic is there. It is made with the partitions of another one, and takes what that one takes.

    Parameters
        like: the topic that it resembles.
        headroom: bytes by which its records may be larger.

    Raises BrokerUnavailableError when the broker doesn't answer, BrokerError when it refuses to make the topic.
    """
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await started(admin, REQUEST_TIMEOUT)
        partitions = await _partitions(admin)
        if topic not in partitions:
            await _make(admin, topic, partitions.get(like) or _BROKERS_DEFAULT, await _room(admin, like, headroom))
    finally:
        await _close(admin)


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    # Of all topics: a broker that makes topics by itself does so, in its own way, as soon as one is asked for by name.
    with translated("asking for topics"):
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _room(admin: AIOKafkaAdminClient, topic: str, headroom: int) -> int | None:
    """Return the bytes of the largest record of the topic and of the broker's default, plus headroom; None: unknown."""
    asked = ConfigResource(ConfigResourceType.TOPIC, topic, {_MAX_MESSAGE_BYTES: None})
    with translated(f"asking for the configuration of {topic}"):
        answers = await admin.describe_configs([asked], include_synonyms=True)
    code, message, _, _, entries = answers[0].resources[0]
    if for_code(code) is not NoError:
        logger.info("the configuration of %s isn't to be had: %s %s", topic, for_code(code).__name__, message)
        return None
    # The synonyms are what holds where the topic has no configuration of its own: the broker's default among them.
    found = [int(value) for _, own, *_, synonyms in entries for value in (own, *(other[1] for other in synonyms))]
    return min(max(found) + headroom, _LARGEST) if found else None


async def _make(admin: AIOKafkaAdminClient, topic: str, partitions: int, room: int | None) -> None:
    configs = {} if room is None else {_MAX_MESSAGE_BYTES: str(room)}
    new = NewTopic(topic, partitions, _BROKERS_DEFAULT, replica_assignments={}, topic_configs=configs)
    with translated(f"making the topic {topic}"):
        answer = await admin.create_topics([new])
    _, code, *message = answer.topic_errors[0]
    error = for_code(code)
    if error is NoError:
        logger.info("made the topic %s with %d partitions", topic, partitions)
    elif error is not TopicAlreadyExistsError:  # another process was faster
        raise _refusal(topic, partitions, error(*message))


def _refusal(topic: str, partitions: int, error: KafkaError) -> BrokerError:
    kind = BrokerUnavailableError if error.retriable else BrokerError
    wanted = f"with {partitions} partitions, " if partitions != _BROKERS_DEFAULT else ""
    return kind(
        f"the topic {topic} isn't there, and the broker refused to make it: {error}; "
        f"create it {wanted}or permit this client to"
    )


async def _close(admin: AIOKafkaAdminClient) -> None:
    try:
        async with asyncio.timeout(_CLOSE):
            await admin.close()
    except Exception as error:  # noqa: BLE001 - it is closed either way
        logger.debug("closing an admin client: %r", error)
