"""Connection settings, and what the client's errors mean."""

import asyncio

import pytest
from aiokafka import errors as kafka

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.requests import bounded, translated
from eventy.broker.kafka.security import Security
from eventy.errors import (
    BrokerError,
    BrokerUnavailableError,
    CommitFailedError,
    ConfigurationError,
    EventyError,
    RecordTooLargeError,
)


def test_address_must_be_set() -> None:
    with pytest.raises(ConfigurationError, match="KAFKA_BOOTSTRAP_SERVER"):
        KafkaConnection(bootstrap_server="")


def test_settings_describe_the_connection() -> None:
    connection = KafkaConnection.of(
        {
            "kafka_bootstrap_server": "a:1,b:2",
            "kafka_client_id": "me",
            "kafka_compression": None,
            "kafka_max_request_size": 5,
            "kafka_session_timeout": 6,
            "kafka_rebalance_timeout": 7,
            "kafka_security_protocol": "sasl_plaintext",
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_username": "app",
            "kafka_password": "hush",
            "kafka_ssl_cafile": None,
            "kafka_ssl_certfile": None,
            "kafka_ssl_keyfile": None,
            "start_timeout": 8,
        }
    )
    assert connection == KafkaConnection(
        bootstrap_server="a:1,b:2",
        client_id="me",
        max_request_size=5,
        session_timeout=6,
        rebalance_timeout=7,
        start_timeout=8,
        security=Security(security_protocol="sasl_plaintext", sasl_mechanism="PLAIN", username="app", password="hush"),
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (kafka.KafkaConnectionError("gone"), BrokerUnavailableError),
        (kafka.RequestTimedOutError(), BrokerUnavailableError),
        (kafka.UnknownTopicOrPartitionError(), BrokerUnavailableError),
        (TimeoutError(), BrokerUnavailableError),
        (ConnectionResetError("gone"), BrokerUnavailableError),
        (kafka.CommitFailedError("moved"), CommitFailedError),
        (kafka.IllegalStateError("not assigned"), CommitFailedError),
        (kafka.MessageSizeTooLargeError("1 MB"), RecordTooLargeError),
        (kafka.TopicAuthorizationFailedError("topic"), BrokerError),
    ],
)
def test_errors_of_the_client_are_translated(error: Exception, expected: type[EventyError]) -> None:
    with pytest.raises(expected, match=r"^asking") as found, translated("asking"):
        raise error
    assert type(found.value) is expected
    assert found.value.__cause__ is error


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(ValueError, match="ours"), translated("asking"):
        raise ValueError("ours")


async def test_request_without_an_answer_is_bounded() -> None:
    with pytest.raises(BrokerUnavailableError, match=r"asking.*TimeoutError"):
        await bounded("asking", asyncio.Event().wait(), 0.01)
