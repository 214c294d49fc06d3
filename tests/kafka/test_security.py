"""Listeners that ask for a password, or speak TLS."""

import dataclasses
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventy.app.settings import Settings
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.security import Security
from eventy.clock import Clock
from eventy.errors import BrokerUnavailableError
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Notes, Scene
from eventy.testing.conformance.serializer import JsonSerializer, event
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.secured import PASSWORD, USERNAME, Secured, make_certificate
from eventy.testing.kafka.topics import unique


@pytest.fixture
def secured(kafka_broker: KafkaBroker) -> Secured:
    if kafka_broker.secured is None:
        pytest.skip("listeners with passwords or TLS: they take a broker of ours from the jars, and openssl")
    return kafka_broker.secured


def login(mechanism: str = "PLAIN", password: str = PASSWORD) -> Security:
    return Security(security_protocol="sasl_plaintext", sasl_mechanism=mechanism, username=USERNAME, password=password)


def login_over_tls(cafile: Path | None) -> Security:
    return Security(
        security_protocol="sasl_ssl",
        sasl_mechanism="SCRAM-SHA-512",
        username=USERNAME,
        password=PASSWORD,
        ssl_cafile=None if cafile is None else str(cafile),
    )


def tls(secured: Secured, certificate: Path | None = None) -> Security:
    """TLS, with a certificate of the client's own or without."""
    return Security(
        security_protocol="ssl",
        ssl_cafile=str(secured.broker_certificate),
        ssl_certfile=None if certificate is None else str(certificate),
        ssl_keyfile=None if certificate is None else str(certificate.with_suffix(".key")),
    )


async def comes_back(scene: Scene, backend: KafkaBackend, address: str, security: Security) -> None:
    """Send and receive with a group, on a topic that was made without security."""
    topic, notes = await scene.topic(), Notes()
    backend.connection = dataclasses.replace(backend.connection, bootstrap_server=address, security=security)
    await (await scene.emitter()).send(event(1), topic)
    await scene.consume(notes, topic, group=unique("group"))
    await notes.until(1)
    assert notes.numbers == [1]


async def refusal(address: str, security: Security) -> str:
    """Return what emitter and consumer end with, which is the same."""
    backend = KafkaBackend(address)
    backend.connection = KafkaConnection(bootstrap_server=address, security=security, start_timeout=1_000)
    emitter = backend.emitter(serializer=JsonSerializer(), clock=Clock())
    consumer = backend.consumer(
        serializer=JsonSerializer(), clock=Clock(), event_topics=["topic"], event_group="group", position="latest"
    )
    began = time.monotonic()
    await emitter.start()
    await consumer.start(Notes())
    with pytest.raises(BrokerUnavailableError) as of_emitter:
        await emitter.wait()
    with pytest.raises(BrokerUnavailableError) as of_consumer:
        await consumer.wait()
    assert time.monotonic() - began < 4
    await emitter.stop()
    with pytest.raises(BrokerUnavailableError):
        await consumer.stop()
    assert str(of_emitter.value) == str(of_consumer.value)
    return str(of_emitter.value)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_user_with_a_password_sends_and_receives(
    scene: Scene, backend: KafkaBackend, secured: Secured, mechanism: str
) -> None:
    await comes_back(scene, backend, secured.sasl_plaintext, login(mechanism))


async def test_user_sends_and_receives_over_tls_by_settings(
    scene: Scene, backend: KafkaBackend, secured: Secured
) -> None:
    settings = Settings(
        kafka_bootstrap_server=secured.sasl_ssl,
        kafka_security_protocol="sasl_ssl",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username=USERNAME,
        kafka_password=PASSWORD,
        kafka_ssl_cafile=str(secured.broker_certificate),
    )
    connection = KafkaConnection.of(settings.as_dict())
    await comes_back(scene, backend, connection.bootstrap_server, connection.security)


async def test_certificate_sends_and_receives_over_tls(scene: Scene, backend: KafkaBackend, secured: Secured) -> None:
    await comes_back(scene, backend, secured.ssl, tls(secured, secured.client_certificate))


async def test_admin_client_takes_the_same_options(secured: Secured) -> None:
    connection = KafkaConnection(bootstrap_server=secured.sasl_plaintext, security=login())
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    assert await admin.list_topics() is not None
    await admin.close()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_wrong_password_is_named_and_not_shown(secured: Secured, mechanism: str) -> None:
    found = await refusal(secured.sasl_plaintext, login(mechanism, "hush"))
    assert f"KAFKA_BOOTSTRAP_SERVER={secured.sasl_plaintext} within 1000 ms" in found
    assert "refuses the credentials: correct KAFKA_USERNAME or KAFKA_PASSWORD, or KAFKA_SASL_MECHANISM" in found
    assert "hush" not in found


async def test_broker_that_asks_for_a_login_is_named(secured: Secured) -> None:
    assert "closes the connection: correct KAFKA_SECURITY_PROTOCOL" in await refusal(secured.sasl_ssl, tls(secured))
    assert "closes the connection: correct KAFKA_SECURITY_PROTOCOL" in await refusal(secured.sasl_plaintext, Security())


async def test_broker_that_asks_for_no_login_is_named(kafka_broker: KafkaBroker) -> None:
    assert "logs nobody in on this port: correct KAFKA_SECURITY_PROTOCOL" in await refusal(
        kafka_broker.bootstrap, login()
    )


async def test_broker_without_tls_is_named(kafka_broker: KafkaBroker) -> None:
    found = await refusal(kafka_broker.bootstrap, Security(security_protocol="ssl"))
    assert "closes the connection: correct KAFKA_SECURITY_PROTOCOL" in found


async def test_broker_that_nobody_we_know_has_signed_for_is_not_trusted(secured: Secured) -> None:
    found = await refusal(secured.sasl_ssl, login_over_tls(None))
    assert "can't be trusted: correct KAFKA_SSL_CAFILE" in found


async def test_broker_of_another_name_is_not_trusted(secured: Secured) -> None:
    elsewhere = secured.sasl_ssl.replace("127.0.0.1", "localhost")
    assert "not valid for 'localhost'" in await refusal(elsewhere, login_over_tls(secured.broker_certificate))


async def test_missing_certificate_is_named(secured: Secured) -> None:
    assert "correct KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE" in await refusal(secured.ssl, tls(secured))


async def test_certificate_that_the_broker_does_not_know_is_named(secured: Secured, tmp_path: Path) -> None:
    make_certificate(tmp_path, "stranger")
    found = await refusal(secured.ssl, tls(secured, tmp_path / "stranger.pem"))
    assert "correct KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE" in found
