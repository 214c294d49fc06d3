"""The real parts are real: without this, a test on them shows nothing."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAlreadyExistsError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.topics import create_topics, unique
from tests.real.postgres import PostgresServer


async def _produce(bootstrap: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd") as producer:
        await producer.send_and_wait(topic, value)


async def _consume_one(bootstrap: str, topic: str, group: str | None = None) -> bytes:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest")
    async with consumer:
        record = await consumer.getone()
        assert isinstance(record.value, bytes)
        return record.value


async def test_record_comes_back(kafka_broker: KafkaBroker) -> None:
    topic = unique("round-trip")
    await create_topics(kafka_broker.bootstrap, {topic: 1})
    await _produce(kafka_broker.bootstrap, topic, b"one")
    assert await _consume_one(kafka_broker.bootstrap, topic, unique("group")) == b"one"


async def test_record_survives_a_killed_broker(kafka_broker: KafkaBroker) -> None:
    topic = unique("killed")
    await create_topics(kafka_broker.bootstrap, {topic: 1})
    await _produce(kafka_broker.bootstrap, topic, b"kept")
    kafka_broker.kill()
    await kafka_broker.start()
    assert await _consume_one(kafka_broker.bootstrap, topic, unique("group")) == b"kept"


async def test_existing_topic_is_refused(kafka_broker: KafkaBroker) -> None:
    topic = unique("twice")
    await create_topics(kafka_broker.bootstrap, {topic: 1})
    with pytest.raises(TopicAlreadyExistsError, match=topic):
        await create_topics(kafka_broker.bootstrap, {topic: 1})


async def test_database_answers(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    await engine.dispose()


def test_each_test_has_its_own_database(postgres_server: PostgresServer) -> None:
    assert postgres_server.create_database() != postgres_server.create_database()
