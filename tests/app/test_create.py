"""Objects from dotted paths."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from eventy.app.create import consumer_options, create, create_broker, resolve
from eventy.app.settings import Settings
from eventy.broker.kafka.connection import KafkaConnection
from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ConfigurationError
from eventy.event.base import BaseEvent
from eventy.message.record import ProducerRecord
from eventy.serializer.base import BaseEventSerializer

MEMORY = "eventy.consumer.memory.MemoryConsumer"
ANY = "EVENTY_EVENT_SERIALIZER, EVENTY_EVENT_CONSUMER or EVENTY_EVENT_EMITTER"


class NoSerializer(BaseEventSerializer):
    """Keeps nothing but the contract."""

    content_type = "text/plain"

    def __init__(self, *, encoding: str) -> None:
        if encoding != "utf-8":
            raise TypeError("the class's own error")

    def register_event_class(self, event_class: type[BaseEvent], event_name: str) -> None: ...

    def name_of(self, event: BaseEvent) -> str:
        return event.name()

    def encode(self, event: BaseEvent, *, corr_id: str | None = None, timestamp: int | None = None) -> bytes:
        return b""

    def decode(self, value: bytes) -> BaseEvent:
        raise NotImplementedError


class HalfSerializer(BaseEventSerializer):
    """Lacks most of the contract."""

    def name_of(self, event: BaseEvent) -> str:
        return event.name()


class NatsEmitter(BaseEventEmitter):
    broker_kind = "nats"

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> object:
        return "nats"

    async def write(self, records: list[ProducerRecord]) -> None:
        """Nowhere."""


HERE = __name__


def error_of(dotted_path: object, **kwargs: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        create(dotted_path, **kwargs)  # type: ignore[arg-type]  # strict configuration lets None through
    return str(caught.value)


def test_object_of_the_class_is_returned() -> None:
    assert isinstance(create(f"{HERE}.NoSerializer", encoding="utf-8"), NoSerializer)


def test_singleton_of_a_configured_path_is_an_object() -> None:
    config = providers.Configuration(strict=True)
    config.from_dict({"event_serializer": f"{HERE}.NoSerializer"})
    provider: providers.Provider[BaseEventSerializer] = providers.Singleton(
        create, config.event_serializer, encoding="utf-8"
    )
    assert isinstance(provider(), NoSerializer)
    assert provider() is provider()


@pytest.mark.parametrize("path", [None, "", "MemoryConsumer", ".memory.MemoryConsumer", "a..B", "a.b:C", "a.B "])
def test_no_dotted_path(path: object) -> None:
    assert error_of(path) == f"{ANY} is {path!r}, expected the dotted path of a class, package.module.Class"


def test_module_that_is_not_there() -> None:
    assert error_of("eventy.consumer.memry.MemoryConsumer") == (
        f"{ANY} is 'eventy.consumer.memry.MemoryConsumer', but importing eventy.consumer.memry failed with "
        "ModuleNotFoundError: No module named 'eventy.consumer.memry'; correct the path, or install what is missing"
    )


def test_module_that_fails_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_backend.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match="failed with ZeroDivisionError: division by zero") as caught:
        create("broken_backend.Consumer")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_class_that_is_not_there() -> None:
    assert error_of("eventy.consumer.memory.MemoryConsumr") == (
        f"{ANY} is 'eventy.consumer.memory.MemoryConsumr', but eventy.consumer.memory has no 'MemoryConsumr' "
        "(closest: 'MemoryConsumer'), expected a class of that module"
    )


@pytest.mark.parametrize("name", ["Memory", "MemoryConsume", "MemoryPort_"])
def test_only_what_the_setting_takes_is_suggested(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(f"eventy.consumer.memory.{name}", BaseEventConsumer, "EVENTY_EVENT_CONSUMER")
    assert f"has no {name!r} (closest: 'MemoryConsumer'), expected" in str(caught.value)


def test_class_of_no_contract() -> None:
    assert error_of("pathlib.Path") == (
        f"{ANY} is 'pathlib.Path', which is a class of another kind, expected a subclass of one of "
        "BaseEventSerializer, BaseEventConsumer, BaseEventEmitter"
    )


def test_no_class() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve("os.path.join", BaseEventEmitter, "EVENTY_EVENT_EMITTER")
    assert str(caught.value) == (
        "EVENTY_EVENT_EMITTER is 'os.path.join', which is no class but of type function, "
        "expected a subclass of eventy.emitter.base.BaseEventEmitter"
    )


def test_class_that_lacks_something() -> None:
    assert error_of(f"{HERE}.HalfSerializer") == (
        f"EVENTY_EVENT_SERIALIZER is '{HERE}.HalfSerializer', which lacks decode, encode, register_event_class, "
        "expected a class that has all of BaseEventSerializer: name such a class, or complete this one"
    )


def test_contract_itself_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="which lacks readiness, set_checkpoint_callback, start, stop, wait"):
        resolve("eventy.consumer.base.BaseEventConsumer", BaseEventConsumer, "EVENTY_EVENT_CONSUMER")


def test_arguments_that_the_class_does_not_take() -> None:
    # The interpreter's own words in the middle; since Python 3.12 they say "keyword-only" as well.
    assert error_of(f"{HERE}.NoSerializer", schemas_folder="avro").replace("keyword-only ", "") == (
        f"EVENTY_EVENT_SERIALIZER is '{HERE}.NoSerializer', whose arguments are (*, encoding: str) -> None, but it is "
        "given schemas_folder: missing a required argument: 'encoding'; let the class take what the container passes"
    )


def test_misspelt_keyword_is_named_with_the_nearest_one() -> None:
    assert error_of(MEMORY, broker=1, serializer=2, clock=3, event_topics=["t"], evnt_group="g", position="latest") == (
        "MemoryConsumer takes no 'evnt_group' (closest: 'event_group'): correct what the container passes"
    )


def test_error_of_the_class_itself_stays_as_it_is() -> None:
    with pytest.raises(TypeError, match="the class's own error"):
        create(f"{HERE}.NoSerializer", encoding="latin-1")


def test_broker_is_chosen_by_the_class() -> None:
    settings = Settings(kafka_bootstrap_server="kafka:9092", kafka_client_id="payments", start_timeout=1)
    config, clock = settings.as_dict(), Clock()
    assert isinstance(create_broker(MEMORY, config=config, clock=clock), MemoryBroker)
    broker = create_broker("eventy.emitter.kafka.KafkaProducer", config=config, clock=clock)
    assert broker == KafkaConnection(bootstrap_server="kafka:9092", client_id="payments", start_timeout=1)


def test_broker_of_another_kind_is_the_users_own() -> None:
    assert create_broker(f"{HERE}.NatsEmitter", config=Settings().as_dict(), clock=Clock()) == "nats"


def test_consumer_options_are_those_of_the_settings() -> None:
    options = consumer_options(Settings(consumer_max_retries=3, consumer_slice_time=7).as_dict())
    assert (options.max_retries, options.slice_time) == (3, 7)


@pytest.mark.parametrize("given", [{}, {"http_handler_port": 0}])
def test_settings_that_nobody_has_given_are_named_with_what_gives_them(given: dict[str, object]) -> None:
    for build, first in (
        (lambda: consumer_options(given), "consumer_max_retries"),
        (lambda: create_broker(MEMORY, config=given, clock=Clock()), "memory_partitions"),
        (
            lambda: create_broker("eventy.emitter.kafka.KafkaProducer", config=given, clock=Clock()),
            "kafka_bootstrap_server",
        ),
    ):
        with pytest.raises(
            ConfigurationError, match=rf"config has no '{first}'.*: fill it with all settings, config\.from_"
        ):
            build()
