"""The classes that settings name, and whether they fit together."""

from pathlib import Path

import pytest

from eventy.app.settings import load_settings
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import SettingsError

KAFKA_CONSUMER = "eventy.consumer.kafka.KafkaConsumer"
KAFKA_EMITTER = "eventy.emitter.kafka.KafkaProducer"
KAFKA = {"EVENTY_EVENT_CONSUMER": KAFKA_CONSUMER, "EVENTY_EVENT_EMITTER": KAFKA_EMITTER}
TO_KAFKA = f"EVENTY_EVENT_CONSUMER={KAFKA_CONSUMER} and EVENTY_EVENT_EMITTER={KAFKA_EMITTER}"
IN_MEMORY = (
    "EVENTY_EVENT_CONSUMER=eventy.consumer.memory.MemoryConsumer and "
    "EVENTY_EVENT_EMITTER=eventy.emitter.memory.MemoryEmitter"
)


class NatsEmitter(MemoryEmitter):
    """A user's own backend, of another broker."""

    broker_kind = "nats"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def mistakes(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return list(caught.value.mistakes)


def test_kafka_on_both_sides_with_a_server_is_accepted() -> None:
    settings = load_settings({**KAFKA, "KAFKA_BOOTSTRAP_SERVER": "one:9092, [::1]:9093"})
    assert settings.kafka_bootstrap_server == "one:9092,[::1]:9093"


def test_server_without_kafka_is_refused() -> None:
    assert mistakes({"KAFKA_BOOTSTRAP_SERVER": "kafka:9092"}) == [
        (
            f"KAFKA_BOOTSTRAP_SERVER is 'kafka:9092', but messages would stay in memory, by {IN_MEMORY}: "
            f"set {TO_KAFKA}, or remove KAFKA_BOOTSTRAP_SERVER in the environment"
        )
    ]


def test_kafka_without_a_server_is_refused() -> None:
    assert mistakes(KAFKA) == [
        (
            f"KAFKA_BOOTSTRAP_SERVER isn't set, expected host:port, or several with commas between, for {TO_KAFKA}: "
            f"set it, or set {IN_MEMORY}"
        )
    ]


def test_memory_on_one_side_and_kafka_on_the_other_is_refused() -> None:
    assert mistakes({"EVENTY_EVENT_CONSUMER": KAFKA_CONSUMER, "KAFKA_BOOTSTRAP_SERVER": "kafka:9092"}) == [
        (
            f"EVENTY_EVENT_CONSUMER={KAFKA_CONSUMER} needs Kafka, but "
            "EVENTY_EVENT_EMITTER=eventy.emitter.memory.MemoryEmitter works in memory, expected one broker for both: "
            f"set EVENTY_EVENT_EMITTER={KAFKA_EMITTER}, or set "
            "EVENTY_EVENT_CONSUMER=eventy.consumer.memory.MemoryConsumer and remove KAFKA_BOOTSTRAP_SERVER"
        )
    ]


def test_backend_of_another_broker_is_not_judged() -> None:
    path = f"{__name__}.NatsEmitter"
    assert load_settings({"EVENTY_EVENT_EMITTER": path}).event_emitter == path


def test_wrong_server_is_not_also_called_missing() -> None:
    (only,) = mistakes({**KAFKA, "KAFKA_BOOTSTRAP_SERVER": "kafka"})
    assert only.startswith("KAFKA_BOOTSTRAP_SERVER is 'kafka', expected host:port")


def test_class_that_is_not_there_is_refused() -> None:
    assert mistakes({"EVENTY_EVENT_SERIALIZER": "payment_schemas.Serializer"}) == [
        (
            "EVENTY_EVENT_SERIALIZER is 'payment_schemas.Serializer', but importing payment_schemas failed with "
            "ModuleNotFoundError: No module named 'payment_schemas'; correct the path, or install what is missing "
            "(it stands in the environment)"
        )
    ]


def test_class_of_another_contract_is_refused() -> None:
    assert mistakes({"EVENTY_EVENT_CONSUMER": "eventy.emitter.memory.MemoryEmitter"}) == [
        (
            "EVENTY_EVENT_CONSUMER is 'eventy.emitter.memory.MemoryEmitter', which is a class of another kind, "
            "expected a subclass of eventy.consumer.base.BaseEventConsumer (it stands in the environment)"
        )
    ]
