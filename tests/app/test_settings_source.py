"""Settings from an object or a module."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from eventy.app.settings import Settings, settings_from
from eventy.errors import SettingsError

SERIALIZER, CONSUMER, EMITTER, PORT = (
    "EVENTY_EVENT_SERIALIZER",
    "EVENTY_EVENT_CONSUMER",
    "EVENTY_EVENT_EMITTER",
    "EVENTY_HTTP_HANDLER_PORT",
)
MEMORY = "eventy.consumer.memory.MemoryConsumer"
KAFKA = "eventy.consumer.kafka.KafkaConsumer"


def mistakes(source: object, *required: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings_from(source, *required)
    return list(caught.value.mistakes)


@pytest.fixture
def module() -> ModuleType:
    """The settings of the original README."""
    settings = ModuleType("settings")
    vars(settings).update(
        EVENTY_EVENT_SERIALIZER="eventy.serializer.avro.AvroEventSerializer",
        EVENTY_EVENT_CONSUMER=KAFKA,
        EVENTY_EVENT_EMITTER="eventy.emitter.kafka.KafkaProducer",
        EVENTY_HTTP_HANDLER_PORT=8000,
        BASE_DIR="/srv",
        AVRO_SCHEMAS_FOLDER="/srv/avro_schemas",
        KAFKA_BOOTSTRAP_SERVER="qottodev:31090",
    )
    return settings


def test_module_of_the_original_readme_is_accepted(module: ModuleType) -> None:
    assert settings_from(module, SERIALIZER, CONSUMER, EMITTER, PORT) == Settings(
        event_consumer=KAFKA,
        event_emitter="eventy.emitter.kafka.KafkaProducer",
        avro_schemas_folder="/srv/avro_schemas",
        kafka_bootstrap_server="qottodev:31090",
    )


def test_object_stands_alone(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("EVENTY_LOG_LEVEL=ERROR\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(PORT, "1")
    settings = settings_from(module, PORT)
    assert (settings.http_handler_port, settings.log_level) == (8000, "INFO")


def test_settings_are_taken_as_they_are() -> None:
    settings = Settings(http_handler_port=1)
    assert settings_from(settings, SERIALIZER, CONSUMER, EMITTER, PORT) is settings


def test_settings_that_somebody_made_are_judged_too() -> None:
    settings = Settings(event_emitter="eventy.emitter.kafka.KafkaProducer", kafka_bootstrap_server="kafka:9092")
    (only,) = mistakes(settings, EMITTER)
    assert "expected one broker for both" in only


def test_numbers_switches_and_paths_may_be_text_or_not() -> None:
    plain = SimpleNamespace(
        EVENTY_HTTP_HANDLER_PORT=80,
        EVENTY_HTTP_DEBUG=True,
        EVENTY_CONSUMER_RETRY_BACKOFF_COEFF=3,
        AVRO_SCHEMAS_FOLDER=Path("avro"),
    )
    text = SimpleNamespace(
        EVENTY_HTTP_HANDLER_PORT="80",
        EVENTY_HTTP_DEBUG="true",
        EVENTY_CONSUMER_RETRY_BACKOFF_COEFF="3",
        AVRO_SCHEMAS_FOLDER="avro",
    )
    assert settings_from(plain) == settings_from(text)


def test_every_wrong_value_is_named() -> None:
    assert mistakes(SimpleNamespace(EVENTY_HTTP_HANDLER_PORT=True, EVENTY_HTTP_DEBUG=2, KAFKA_CLIENT_ID=7)) == [
        "EVENTY_HTTP_HANDLER_PORT is True, expected a whole number, 0–65535: change it in SimpleNamespace",
        "EVENTY_HTTP_DEBUG is 2, expected on or off (true or false, yes or no, 1 or 0): change it in SimpleNamespace",
        "KAFKA_CLIENT_ID is 7, expected text: change it in SimpleNamespace",
    ]


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_required_must_be_set(module: ModuleType, nothing: object) -> None:
    vars(module)[PORT] = nothing
    assert settings_from(module, CONSUMER).http_handler_port == 8000
    assert mistakes(module, PORT) == [
        "EVENTY_HTTP_HANDLER_PORT isn't set, expected a whole number, 0–65535: set it in module settings"
    ]


def test_avro_serializer_requires_its_folder(module: ModuleType) -> None:
    del module.AVRO_SCHEMAS_FOLDER
    assert settings_from(module, CONSUMER).avro_schemas_folder == "avro_schemas"
    assert mistakes(module, SERIALIZER) == ["AVRO_SCHEMAS_FOLDER isn't set, expected a path: set it in module settings"]


def test_kafka_requires_a_server(module: ModuleType) -> None:
    del module.KAFKA_BOOTSTRAP_SERVER
    del module.EVENTY_EVENT_EMITTER
    assert settings_from(module, SERIALIZER).kafka_bootstrap_server is None
    assert mistakes(module, CONSUMER) == [
        (
            "KAFKA_BOOTSTRAP_SERVER isn't set, expected host:port, or several with commas between, for "
            f"EVENTY_EVENT_CONSUMER={KAFKA}: set it, or set EVENTY_EVENT_CONSUMER={MEMORY}"
        )
    ]


def test_one_backend_alone_is_not_compared_with_a_default(module: ModuleType) -> None:
    del module.EVENTY_EVENT_EMITTER
    assert settings_from(module, CONSUMER).event_consumer == KAFKA


def test_backends_that_do_not_fit_are_refused(module: ModuleType) -> None:
    vars(module)[EMITTER] = "eventy.emitter.memory.MemoryEmitter"
    (only,) = mistakes(module, CONSUMER)
    assert "expected one broker for both" in only


def test_class_is_refused_for_its_path() -> None:
    assert mistakes(SimpleNamespace(EVENTY_EVENT_CONSUMER=Path), CONSUMER) == [
        (
            f"EVENTY_EVENT_CONSUMER is {Path!r}, expected the dotted path of a class, package.module.Class: "
            "change it in SimpleNamespace"
        )
    ]


def test_unknown_name_is_refused_with_the_nearest() -> None:
    class Mine:
        EVENTY_HTTP_PORT = 80
        EVENTY_ENV_FILE = ".env"
        BASE_DIR = "/srv"
        KAFKA_TOPIC = "payments"

    assert mistakes(Mine) == [
        (
            "EVENTY_HTTP_PORT is no setting (closest: 'EVENTY_HTTP_HANDLER_PORT', 'EVENTY_HTTP_DEBUG'): rename or "
            f"remove it in {Mine.__qualname__}"
        ),
        f"EVENTY_ENV_FILE stands in {Mine.__qualname__}, which is read alone: remove it there",
    ]
