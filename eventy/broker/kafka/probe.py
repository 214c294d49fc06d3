"""Why a broker can't be used: the client tells its log alone, and raises no more than that it can't bootstrap."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

# Seconds for all brokers to answer, or to refuse: a wrong password takes some tenths, by the broker's own delay.
_PROBE = 1.0

_SILENT = "doesn't answer: start it, or correct the address"
_CLOSED = "closes the connection: correct KAFKA_SECURITY_PROTOCOL, in case this port speaks another one, or the address"

# What the client's errors mean, and what to do; of the kinds that fit the first one counts.
_MEANINGS: dict[type[BaseException], str] = {
    kafka.SaslAuthenticationFailed: (
        "refuses the credentials: correct KAFKA_USERNAME or KAFKA_PASSWORD, or KAFKA_SASL_MECHANISM, since a broker "
        "may know a user for one of them only"
    ),
    kafka.UnsupportedSaslMechanismError: "doesn't know the mechanism: correct KAFKA_SASL_MECHANISM",
    kafka.IllegalSaslStateError: "logs nobody in on this port: correct KAFKA_SECURITY_PROTOCOL, or the address",
    ssl.SSLCertVerificationError: (
        "has a certificate that can't be trusted: correct KAFKA_SSL_CAFILE, which is to have who signed it, or the "
        "address, which it is to be for"
    ),
    ssl.SSLError: (
        "refuses TLS: correct KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE, in case it asks for a certificate, "
        "or KAFKA_SECURITY_PROTOCOL"
    ),
    ConnectionResetError: _CLOSED,
    kafka.KafkaConnectionError: _CLOSED,
    TimeoutError: _SILENT,
    OSError: _SILENT,
    kafka.KafkaError: "can't be used",
}


async def obstacles(bootstrap_server: str, options: Mapping[str, Any]) -> str | None:
    """Connect once more to every broker that is named, and return what stands in the way, and what to do.

    Parameters
        bootstrap_server: `host:port`, several with commas between.
        options: the arguments of a connection of the client.

    None when nothing stands in the way any more.
    """
    hosts = [(host, port) for host, port, _ in collect_hosts(bootstrap_server, randomize=False)]
    found = await asyncio.gather(*(_obstacle(host, port, options) for host, port in hosts))
    return "; ".join(f"{host}:{port} {one}" for (host, port), one in zip(hosts, found, strict=True) if one) or None


async def _obstacle(host: str, port: int, options: Mapping[str, Any]) -> str | None:
    try:
        async with asyncio.timeout(_PROBE):
            connection = await create_conn(host, port, **options)
            try:
                # Who should have logged in, and didn't, is thrown out at the first request.
                await connection.send(MetadataRequest([]))
            finally:
                await connection.close()
    except (OSError, TimeoutError, kafka.KafkaError) as error:
        # A broker that refuses our certificate does so after the handshake: the connection is closed, by that error.
        return _meaning(error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error)
    return None


def _meaning(error: BaseException) -> str:
    meaning = next(meaning for kind, meaning in _MEANINGS.items() if isinstance(error, kind))
    return f"{meaning} ({error!r})"
