"""The conformance suite's scene, on the real broker only."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from eventy.broker.kafka.connection import KafkaConnection
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.running import scene
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.process import free_port

__all__ = ["backend", "mute", "no_task_is_left", "refused", "scene"]


@pytest.fixture
def backend(kafka_broker: KafkaBroker) -> KafkaBackend:
    return KafkaBackend(kafka_broker.bootstrap)


@pytest_asyncio.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left


@pytest.fixture
def refused() -> KafkaConnection:
    """Where nothing listens."""
    return KafkaConnection(bootstrap_server=f"127.0.0.1:{free_port()}", start_timeout=1_000)


@pytest_asyncio.fixture
async def mute() -> AsyncIterator[KafkaConnection]:
    """Where somebody listens who never answers."""
    held: list[asyncio.StreamWriter] = []

    def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield KafkaConnection(bootstrap_server=f"127.0.0.1:{port}", start_timeout=1_000)
    for writer in held:
        writer.close()
    server.close()
