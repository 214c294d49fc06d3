"""How connections to Kafka are protected: encrypted by TLS, logged in by SASL."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from eventy.broker.kafka.contradictions import (
    MECHANISM,
    MECHANISMS,
    PROTOCOL,
    PROTOCOLS,
    SECURITY,
    Given,
    contradictions,
    encrypts,
    listed,
    logs_in,
)
from eventy.broker.kafka.tls import tls_context
from eventy.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """How connections are protected; each field is the setting `KAFKA_<FIELD>`. The representation hides the password.

    Parameters
        security_protocol: `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.
        sasl_mechanism: how to log in, `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
        username, password: who logs in.
        ssl_cafile: the certificates of who signed the brokers' ones; None: whom the system trusts.
        ssl_certfile, ssl_keyfile: our own certificate and its key, for brokers that ask for one.

    Files are in PEM, and read when this is made. Raises ConfigurationError for what doesn't fit together and for files
    that can't be used.
    """

    security_protocol: str = "plaintext"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    _context: ssl.SSLContext | None = field(init=False, repr=False, compare=False, default=None)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return what settings describe, by their names in lower case."""
        return cls(
            security_protocol=config["kafka_security_protocol"],
            sasl_mechanism=config["kafka_sasl_mechanism"],
            username=config["kafka_username"],
            password=config["kafka_password"],
            ssl_cafile=config["kafka_ssl_cafile"],
            ssl_certfile=config["kafka_ssl_certfile"],
            ssl_keyfile=config["kafka_ssl_keyfile"],
        )

    def __post_init__(self) -> None:
        mistakes = _unknown(PROTOCOL, self.security_protocol, PROTOCOLS)
        if self.sasl_mechanism is not None:
            mistakes += _unknown(MECHANISM, self.sasl_mechanism, MECHANISMS)
        mistakes += [] if mistakes else contradictions(self._given())
        if mistakes:
            raise ConfigurationError("; ".join(mistakes))
        if encrypts(self.security_protocol):
            context = tls_context(self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile)
            object.__setattr__(self, "_context", context)

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself: containers copy the values in them, a TLS context can't be copied, and nothing changes it."""
        return self

    def client_options(self) -> dict[str, Any]:
        """Return the arguments that every client object takes."""
        options: dict[str, Any] = {"security_protocol": self.security_protocol.upper(), "ssl_context": self._context}
        if logs_in(self.security_protocol):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options

    def _given(self) -> Given:
        fields = {variable: getattr(self, variable.removeprefix("KAFKA_").lower()) for variable in SECURITY}
        return Given({variable: value for variable, value in fields.items() if value})


def _unknown(variable: str, value: str, known: tuple[str, ...]) -> list[str]:
    return [] if value in known else [f"{variable} is {value!r}, expected {listed(known, 'or')}"]
