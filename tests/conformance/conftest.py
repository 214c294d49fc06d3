"""Every test of this folder runs on every backend, with either delivery."""

import pytest

from eventy.testing.conformance.backend import Backend
from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.memory import MemoryBackend
from eventy.testing.conformance.running import run_on, scene
from eventy.testing.kafka.broker import KafkaBroker

__all__ = ["backend", "pytest_collection_modifyitems", "pytest_generate_tests", "scene"]

# What is written, and when, differs with the delivery. The other tests have it on Kafka too with `--soak`.
_ABOUT_WRITING = {
    "test_exactly_once",
    "test_exhaustion",
    "test_handling",
    "test_lanes",
    "test_letters",
    "test_metrics",
    "test_retry",
}

pytest_generate_tests = run_on(
    at_least_once=["memory", pytest.param("kafka", marks=pytest.mark.kafka)],
    exactly_once=["memory-exactly-once", pytest.param("kafka-exactly-once", marks=pytest.mark.kafka)],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _takes_its_time(item):
            item.add_marker(pytest.mark.soak)


def _takes_its_time(item: pytest.Item) -> bool:
    backend = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
    return backend == "kafka-exactly-once" and item.path.stem not in _ABOUT_WRITING


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    kind, _, delivery = request.param.partition("-")
    options = {"delivery": "exactly_once"} if delivery else {}
    if kind == "memory":
        return MemoryBackend(options)
    broker: KafkaBroker = request.getfixturevalue("kafka_broker")
    return KafkaBackend(broker.bootstrap, options)
