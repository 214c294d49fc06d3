"""Dead letters and a broker that is away, or refuses them."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.log import StoredRecord
from eventy.clock import Clock
from eventy.consumer.kafka_port import KafkaPort
from eventy.consumer.subscription import Subscription
from eventy.errors import BrokerError, BrokerUnavailableError, RecordTooLargeError
from eventy.handler.dead_letter import dead_letter
from eventy.message.record import DeadLetter
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene, until
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.topics import unique


@pytest_asyncio.fixture
async def port(backend: KafkaBackend) -> AsyncIterator[KafkaPort]:
    """A port that isn't open: letters need no more than its connection."""
    port = port_to(backend.connection)
    yield port
    await port.close()


def port_to(connection: KafkaConnection) -> KafkaPort:
    return KafkaPort(connection, Clock(), Subscription(()), None)


def letter(topic: str, value: bytes = b"value", partition: int = 0, suffix: str = "-dlt") -> DeadLetter:
    record = StoredRecord(topic, partition, 0, 0, b"key", value)
    return dead_letter(record, ValueError("bad"), group="group", suffix=suffix)


async def until_largest(bootstrap: str, topic: str, expected: int) -> None:
    """Return when a topic's max.message.bytes is so much: the broker tells it some moments after the topic is there."""
    asked, found = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": None}), None
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(5):
            while found != expected:
                (answer,) = await admin.describe_configs([asked])
                found = next((int(value) for _, value, *_ in answer.resources[0][4]), None)
    except TimeoutError:
        raise AssertionError(f"max.message.bytes is {found}, expected {expected}") from None
    finally:
        await admin.close()


async def test_letter_fails_within_a_bound_while_the_broker_is_away_and_is_written_after(
    scene: Scene, port: KafkaPort, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, other = await scene.topic(partitions=4), await scene.topic()
    await port.write_letter(letter(topic))
    kafka_broker.kill()
    try:
        with monkeypatch.context() as patch:
            patch.setattr("eventy.broker.kafka.letters._WRITE", 3.0)
            began = time.monotonic()
            letters = [letter(topic, partition=number % 4) for number in range(12)] + [letter(other)]
            outcomes = await asyncio.gather(*map(port.write_letter, letters), return_exceptions=True)
            assert time.monotonic() - began < 5
        assert [type(outcome) for outcome in outcomes] == [BrokerUnavailableError] * 13
    finally:
        await kafka_broker.start()
    await port.write_letter(letter(topic, b"after"))
    await port.write_letter(letter(other, b"after"))
    assert b"after" in [record.value for record in await scene.backend.records(f"{topic}-dlt")]
    assert b"after" in [record.value for record in await scene.backend.records(f"{other}-dlt")]


@pytest.fixture(params=["refused", "mute"])
def nobody(request: pytest.FixtureRequest) -> KafkaConnection:
    connection: KafkaConnection = request.getfixturevalue(request.param)
    return connection


async def test_letter_fails_within_a_bound_where_nobody_answers(
    nobody: KafkaConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.broker.kafka.letters._WRITE", 1.0)
    port, began = port_to(nobody), time.monotonic()
    with pytest.raises(BrokerUnavailableError):
        await port.write_letter(letter("topic"))
    await port.close()
    assert time.monotonic() - began < 4


async def test_refused_letter_does_not_poison_the_next_one(
    scene: Scene, backend: KafkaBackend, port: KafkaPort
) -> None:
    topic = await scene.topic()
    await backend.create_topic(f"{topic}-dlt", 1, {"max.message.bytes": "4000"})
    for number in range(3):
        with pytest.raises(RecordTooLargeError, match=rf"{topic}-dlt.*max\.message\.bytes"):
            await port.write_letter(letter(topic, b"x" * 5_000))
        await port.write_letter(letter(topic, b"%d" % number))
    assert [record.value for record in await scene.records(f"{topic}-dlt", 3)] == [b"0", b"1", b"2"]


async def test_refused_letters_do_no_harm_to_others_under_way(
    scene: Scene, backend: KafkaBackend, port: KafkaPort
) -> None:
    topic = await scene.topic(partitions=6)
    await backend.create_topic(f"{topic}-dlt", 6, {"max.message.bytes": "4000"})
    letters = [letter(topic, b"x" * 5_000 if n % 7 == 0 else b"%d" % n, partition=n % 6) for n in range(42)]
    outcomes = await asyncio.gather(*map(port.write_letter, letters), return_exceptions=True)
    expected = [RecordTooLargeError if n % 7 == 0 else type(None) for n in range(42)]
    assert [type(outcome) for outcome in outcomes] == expected
    await scene.records(f"{topic}-dlt", 36)


async def test_topic_is_made_so_that_it_takes_the_largest_message_and_its_headers(
    scene: Scene, backend: KafkaBackend, port: KafkaPort, kafka_broker: KafkaBroker
) -> None:
    for largest, expected in ((2_000_000, 2_000_000), (500, 1_048_588), (2**31 - 1, 2**31 - 1)):
        topic = await scene.topic(configs={"max.message.bytes": str(largest)})
        await until_largest(kafka_broker.bootstrap, topic, largest)
        await port.write_letter(letter(topic))
        await until_largest(kafka_broker.bootstrap, f"{topic}-dlt", min(expected + 65_536, 2**31 - 1))


async def test_message_at_the_limit_of_its_topic_fits_as_a_letter(scene: Scene, port: KafkaPort) -> None:
    topic = await scene.topic()
    value = b"x" * (1_048_588 - 100)
    await scene.backend.put(topic, value)
    await port.write_letter(letter(topic, value))
    await scene.records(f"{topic}-dlt", 1)


async def test_topic_that_the_broker_refuses_to_make_is_named_with_what_to_do(scene: Scene, port: KafkaPort) -> None:
    topic = await scene.topic(partitions=3)
    with pytest.raises(BrokerError, match=rf"{topic}/dlt isn't there.*create it with 3 partitions") as refusal:
        await port.write_letter(letter(topic, suffix="/dlt"))
    assert not isinstance(refusal.value, BrokerUnavailableError)
    await port.write_letter(letter(topic))


async def test_close_ends_what_is_under_way(scene: Scene, backend: KafkaBackend, kafka_broker: KafkaBroker) -> None:
    topic, port = await scene.topic(), port_to(backend.connection)
    await port.write_letter(letter(topic))
    kafka_broker.kill()
    try:
        writing = asyncio.create_task(port.write_letter(letter(topic)))
        await until(lambda: any(outbox.writing for outbox in port._letters._outboxes._of.values()))
        began = time.monotonic()
        await port.close()
        assert time.monotonic() - began < 8
        with pytest.raises(BrokerUnavailableError):
            await writing
        with pytest.raises(BrokerUnavailableError):
            await port.write_letter(letter(topic))
    finally:
        await kafka_broker.start()


async def test_letter_after_its_topic_was_removed_makes_it_again(
    scene: Scene, backend: KafkaBackend, port: KafkaPort, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.broker.kafka.letters._WRITE", 5.0)
    topic = unique("removed")
    await backend.create_topic(topic, 2)
    await port.write_letter(letter(topic, partition=1))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    await admin.start()
    await admin.delete_topics([f"{topic}-dlt"])
    await admin.close()
    async with asyncio.timeout(30):
        while True:
            try:
                await port.write_letter(letter(topic, b"again", partition=1))
            except BrokerUnavailableError:
                continue
            break
    # An attempt that failed may have been written all the same, so there may be several.
    assert {(record.partition, record.value) for record in await backend.records(f"{topic}-dlt")} == {(1, b"again")}
