"""Every test of this folder runs on every backend, with either delivery."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from eventy.testing.kafka.find import KafkaBroker
from tests.conformance.backend import Backend
from tests.conformance.deliveries import AT_LEAST_ONCE, EXACTLY_ONCE
from tests.conformance.kafka import KafkaBackend
from tests.conformance.memory import MemoryBackend
from tests.conformance.scene import Scene

# What is written, and when, differs with the delivery. The other tests have it on Kafka too with `--soak`.
_ABOUT_WRITING = {"test_exactly_once", "test_exhaustion", "test_handling", "test_lanes", "test_letters", "test_retry"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--soak"):
        return
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    backend = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
    return backend == "kafka-exactly-once" and item.path.stem not in _ABOUT_WRITING


@pytest.fixture(params=[*AT_LEAST_ONCE, *EXACTLY_ONCE])
def backend(request: pytest.FixtureRequest) -> Backend:
    kind, _, delivery = request.param.partition("-")
    options = {"delivery": "exactly_once"} if delivery else {}
    if kind == "memory":
        return MemoryBackend(options)
    broker: KafkaBroker = request.getfixturevalue("kafka_broker")
    return KafkaBackend(broker.bootstrap, options)


@pytest_asyncio.fixture
async def scene(backend: Backend) -> AsyncIterator[Scene]:
    before = asyncio.all_tasks()
    scene = Scene(backend)
    yield scene
    await scene.end()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks are left: {left}"
