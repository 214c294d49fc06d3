"""How connections are protected, as a value; what a real broker says to it is in `tests/kafka/test_security.py`."""

import copy
import dataclasses

import pytest

from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.kafka.security import Security
from eventy.errors import ConfigurationError

LOGIN = Security(security_protocol="sasl_ssl", sasl_mechanism="PLAIN", username="app", password="hush")


def test_nothing_is_protected_by_default() -> None:
    options = KafkaConnection(bootstrap_server="kafka:9092").client_options()
    assert (options["security_protocol"], options["ssl_context"]) == ("PLAINTEXT", None)
    assert not any(name.startswith("sasl_") for name in options)


def test_password_is_not_shown() -> None:
    connection = KafkaConnection(bootstrap_server="kafka:9092", security=LOGIN)
    assert "username='app'" in repr(connection)
    assert "hush" not in repr(connection)


def test_host_names_are_checked() -> None:
    context = LOGIN.client_options()["ssl_context"]
    assert context.check_hostname
    assert context.get_ca_certs() == Security(security_protocol="ssl").client_options()["ssl_context"].get_ca_certs()


def test_files_are_read_once() -> None:
    assert LOGIN.client_options()["ssl_context"] is LOGIN.client_options()["ssl_context"]


def test_connection_may_stand_in_a_container() -> None:
    connection = KafkaConnection(bootstrap_server="kafka:9092", security=LOGIN)
    assert copy.deepcopy(connection) == connection


def test_same_settings_are_equal() -> None:
    assert dataclasses.replace(LOGIN) == LOGIN


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ({"security_protocol": "SSL"}, "KAFKA_SECURITY_PROTOCOL is 'SSL', expected plaintext, ssl, sasl_plaintext or"),
        ({"sasl_mechanism": "GSSAPI"}, "KAFKA_SASL_MECHANISM is 'GSSAPI', expected PLAIN, SCRAM-SHA-256 or SCRAM"),
        ({"username": "app"}, "KAFKA_USERNAME is set, but KAFKA_SECURITY_PROTOCOL is 'plaintext'"),
        ({"security_protocol": "sasl_ssl"}, "KAFKA_SASL_MECHANISM isn't set.*; KAFKA_USERNAME isn't.*; KAFKA_PASSWORD"),
        (
            {"security_protocol": "ssl", "ssl_cafile": "no/such.pem"},
            "KAFKA_SSL_CAFILE is 'no/such.pem', which can't be",
        ),
    ],
)
def test_what_does_not_fit_is_refused(security: dict[str, str], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        Security(**security)
