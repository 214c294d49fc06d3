"""Settings from the environment and `.env`."""

from pathlib import Path

import pytest

from eventy.app.settings import Settings, load_settings
from eventy.app.settings.table import VARIABLES
from eventy.errors import SettingsError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistakes(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return list(caught.value.mistakes)


def mistake(environ: dict[str, str]) -> str:
    (only,) = mistakes(environ)
    return only


def test_nothing_set_is_the_defaults() -> None:
    assert load_settings({}) == Settings()


def test_environment_of_the_process_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTY_MEMORY_PARTITIONS", "7")
    assert load_settings().memory_partitions == 7


def test_environment_beats_file_beats_default(folder: Path) -> None:
    (folder / ".env").write_text("EVENTY_MEMORY_PARTITIONS=5\nEVENTY_LOG_LEVEL=ERROR\n")
    settings = load_settings({"EVENTY_MEMORY_PARTITIONS": "6"})
    assert (settings.memory_partitions, settings.log_level, settings.log_format) == (6, "ERROR", "console")


def test_empty_value_counts_as_unset(folder: Path) -> None:
    (folder / ".env").write_text("EVENTY_MEMORY_PARTITIONS=5\nEVENTY_LOG_LEVEL=\n")
    settings = load_settings({"EVENTY_MEMORY_PARTITIONS": " "})
    assert (settings.memory_partitions, settings.log_level) == (5, "INFO")


@pytest.mark.parametrize("text", ["on", "true", "1", "yes", "YES", "True"])
def test_on(text: str) -> None:
    assert load_settings({"EVENTY_HTTP_DEBUG": text}).http_debug is True


@pytest.mark.parametrize("text", ["off", "false", "0", "no", "False"])
def test_off(text: str) -> None:
    assert load_settings({"EVENTY_HTTP_DEBUG": text}).http_debug is False


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("EVENTY_HTTP_HANDLER_PORT", "0", 0),
        ("EVENTY_LOG_LEVEL", "debug", "DEBUG"),
        ("EVENTY_CONSUMER_RETRY_BACKOFF_COEFF", "1.5", 1.5),
        ("KAFKA_COMPRESSION", "none", None),
        ("KAFKA_COMPRESSION", "zstd", "zstd"),
        ("DATABASE_URL", "postgresql+asyncpg://me:hush@db/payments", "postgresql+asyncpg://me:hush@db/payments"),
    ],
)
def test_accepted(name: str, text: str, value: object) -> None:
    assert getattr(load_settings({name: text}), VARIABLES[name].field) == value


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {"EVENTY_HTTP_HANDLER_PORT": "http", "EVENTY_LOG_LEVEL": "LOUD", "EVENTY_EVENT_CONSUMER": "Memory"}
        )
    assert str(caught.value) == (
        "3 settings can't be used:\n"
        "  EVENTY_HTTP_HANDLER_PORT is 'http', expected a whole number, 0–65535: change it in the environment\n"
        "  EVENTY_LOG_LEVEL is 'LOUD', expected DEBUG, INFO, WARNING, ERROR or CRITICAL: change it in the environment\n"
        "  EVENTY_EVENT_CONSUMER is 'Memory', expected the dotted path of a class, package.module.Class "
        "(it stands in the environment)"
    )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("EVENTY_HTTP_HANDLER_PORT", "65536", "a whole number, 0–65535"),
        ("EVENTY_HTTP_DEBUG", "maybe", "on or off (true or false, yes or no, 1 or 0)"),
        ("EVENTY_SHUTDOWN_TIMEOUT", "0", "a whole number of ms, 1–2147483647"),
        ("EVENTY_SHUTDOWN_TIMEOUT", "2147483648", "a whole number of ms, 1–2147483647"),
        ("EVENTY_MEMORY_PARTITIONS", "1.5", "a whole number, 1–1000"),
        ("EVENTY_MEMORY_PARTITIONS", "5000000", "a whole number, 1–1000"),
        ("EVENTY_CONSUMER_CONCURRENCY", "10001", "a whole number, 1–10000"),
        ("EVENTY_CONSUMER_MAX_RETRIES", "-1", "a whole number, at least 0"),
        ("EVENTY_CONSUMER_RETRY_INTERVAL", "2147483648", "a whole number of ms, 0–2147483647"),
        ("EVENTY_CONSUMER_RETRY_BACKOFF_COEFF", "0.5", "a number, at least 1"),
        ("EVENTY_CONSUMER_RETRY_BACKOFF_COEFF", "inf", "a number, at least 1"),
        ("EVENTY_CONSUMER_RETRY_JITTER", "1.1", "a number, 0–1"),
        ("EVENTY_START_TIMEOUT", "9999999999", "a whole number of ms, 1–2147483647"),
        ("EVENTY_CONSUMER_ON_EXHAUSTED", "retry", "stop, dead_letter or skip"),
        ("KAFKA_COMPRESSION", "zip", "gzip, snappy, lz4, zstd or none"),
        ("KAFKA_MAX_REQUEST_SIZE", "1 MB", "a whole number of bytes, 1–2147483647"),
        ("DATABASE_URL", "payments.db", "a URL, scheme://…"),
    ],
)
def test_refused(name: str, text: str, expected: str) -> None:
    assert mistake({name: text}).startswith(f"{name} is ")
    assert mistake({name: text}).endswith(f", expected {expected}: change it in the environment")


@pytest.mark.parametrize("text", ["kafka", "kafka:0", "kafka:70000", "kafka:9092,", "PLAINTEXT://kafka:9092"])
def test_brokers_are_hosts_with_ports(text: str) -> None:
    expected = f"KAFKA_BOOTSTRAP_SERVER is {text!r}, expected host:port, or several with commas between: "
    assert mistakes({"KAFKA_BOOTSTRAP_SERVER": text})[0] == f"{expected}change it in the environment"


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("AVRO_ENCODING", "confluent", "'single_object'"),
        ("SCHEMA_REGISTRY_URL", "http://registry", "schemas in AVRO_SCHEMAS_FOLDER, without a registry"),
    ],
)
def test_feature_that_is_not_there_yet_is_refused(name: str, text: str, known: str) -> None:
    expected = f"{name} is {text!r}, but this version knows only {known}: change it in the environment"
    assert mistake({name: text}) == expected


def test_secret_is_not_shown() -> None:
    found = mistake({"SCHEMA_REGISTRY_PASSWORD": "hush"})
    assert found.startswith("SCHEMA_REGISTRY_PASSWORD is '***', but this version knows only schemas")


@pytest.mark.parametrize("text", ["postgresql:/me:hush@db/payments", "me:hush@db", "payments?password=hush"])
def test_password_in_a_wrong_url_is_not_shown(text: str) -> None:
    found = mistake({"DATABASE_URL": text})
    assert "hush" not in found
    assert "***" in found


def test_comment_behind_a_value_is_refused() -> None:
    assert mistake({"AVRO_SCHEMAS_FOLDER": "schemas # ours"}) == (
        "AVRO_SCHEMAS_FOLDER is 'schemas # ours', expected a path, and a comment on a line of its own: "
        "change it in the environment"
    )
    assert "'on # all', expected on or off" in mistake({"EVENTY_HTTP_ACCESS_LOG": "on # all"})
    assert "and a comment on a line of its own" in mistake({"EVENTY_EVENT_EMITTER": "a.b # c"})


def test_unknown_name_is_refused_with_the_nearest() -> None:
    assert mistake({"EVENTY_CONSUMER_MAX_RETRY": "3"}) == (
        "EVENTY_CONSUMER_MAX_RETRY is no setting (closest: 'EVENTY_CONSUMER_MAX_RETRIES'): "
        "rename or remove it in the environment"
    )


def test_name_in_lower_case_is_refused() -> None:
    assert "eventy_log_level is no setting (closest: 'EVENTY_LOG_LEVEL')" in mistake({"eventy_log_level": "INFO"})


def test_names_of_other_programs_in_the_environment_are_left_alone() -> None:
    assert load_settings({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "AVRO_HOME": "/opt", "HOME": "/"}) == Settings()
