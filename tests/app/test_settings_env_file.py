"""The `.env` file."""

from pathlib import Path

import pytest

from eventy.app.settings import Settings, load_settings
from eventy.errors import SettingsError


@pytest.fixture(autouse=True)
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `.env` would be."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def mistakes(environ: dict[str, str] | None = None, env_file: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ or {}, env_file)
    return list(caught.value.mistakes)


def test_file_in_the_working_directory_is_read(env: Path) -> None:
    env.write_text("# a comment\n\nEVENTY_LOG_LEVEL = 'ERROR'\n")
    assert load_settings({}).log_level == "ERROR"


def test_file_that_a_variable_names_is_read_instead(env: Path) -> None:
    env.write_text("EVENTY_LOG_LEVEL=ERROR\n")
    env.with_name("other").write_text("EVENTY_LOG_FORMAT=json\n")
    assert load_settings({"EVENTY_ENV_FILE": "other"}) == Settings(log_format="json")


def test_file_that_is_given_is_read_instead(env: Path) -> None:
    env.with_name("other").write_text("EVENTY_LOG_FORMAT=json\n")
    assert load_settings({"EVENTY_ENV_FILE": "missing"}, env.with_name("other")).log_format == "json"


def test_folder_of_that_name_is_no_file(env: Path) -> None:
    env.mkdir()
    assert load_settings({}) == Settings()


def test_named_file_that_is_missing_is_a_mistake() -> None:
    assert mistakes({"EVENTY_ENV_FILE": "gone"}) == [
        (
            "EVENTY_ENV_FILE is 'gone', which can't be read: No such file or directory, "
            "expected lines NAME=value in UTF-8: correct the path or the file"
        )
    ]
    assert mistakes(env_file="gone")[0].startswith("gone can't be read: No such file or directory, expected")


def test_unreadable_file_hides_no_mistake_of_the_environment_and_makes_none_up() -> None:
    kafka = {
        "EVENTY_EVENT_CONSUMER": "eventy.consumer.kafka.KafkaConsumer",
        "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
    }
    found = mistakes({"EVENTY_ENV_FILE": "gone", "EVENTY_LOG_LEVEL": "LOUD", **kafka})
    assert [line.split()[0] for line in found] == ["EVENTY_ENV_FILE", "EVENTY_LOG_LEVEL"]


def test_named_file_that_is_a_folder_is_a_mistake(env: Path) -> None:
    env.mkdir()
    assert mistakes({"EVENTY_ENV_FILE": ".env"})[0].startswith(
        "EVENTY_ENV_FILE is '.env', which can't be read: Is a dir"
    )


def test_other_encoding_is_a_mistake(env: Path) -> None:
    env.write_bytes("KAFKA_CLIENT_ID=größe".encode("latin-1"))
    assert mistakes() == [
        ".env can't be read: its byte 18 is not UTF-8, expected lines NAME=value in UTF-8: correct the path or the file"
    ]


def test_byte_order_mark_is_no_part_of_a_name(env: Path) -> None:
    env.write_text("EVENTY_LOG_LEVEL=ERROR\n", encoding="utf-8-sig")
    assert load_settings({}).log_level == "ERROR"


def test_mistake_names_the_file(env: Path) -> None:
    env.write_text("EVENTY_LOG_LEVEL=LOUD\n")
    assert mistakes()[0].endswith("WARNING, ERROR or CRITICAL: change it in .env")


def test_unknown_name_is_refused(env: Path) -> None:
    env.write_text("EVENTY_LOGLEVEL=INFO\n")
    assert mistakes() == ["EVENTY_LOGLEVEL is no setting (closest: 'EVENTY_LOG_LEVEL'): rename or remove it in .env"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVER"),
        ("AVRO_SCHEMA_FOLDER", "AVRO_SCHEMAS_FOLDER"),
        ("SCHEMA_REGISTRY_PASSWD", "SCHEMA_REGISTRY_PASSWORD"),
    ],
)
def test_slip_in_a_name_that_others_have_too_is_refused(env: Path, name: str, near: str) -> None:
    env.write_text(f"{name}=x\n")
    assert mistakes() == [f"{name} is no setting (closest: {near!r}): rename or remove it in .env"]


def test_names_of_other_programs_are_left_alone(env: Path) -> None:
    env.write_text("KAFKA_HEAP_OPTS=-Xmx512m\nKAFKA_NODE_ID=1\nexport PATH\nCOMPOSE_PROJECT_NAME=payments\n")
    assert load_settings({}) == Settings()


def test_variable_that_names_the_file_cannot_stand_in_it(env: Path) -> None:
    env.write_text("EVENTY_ENV_FILE=other\n")
    assert mistakes() == ["EVENTY_ENV_FILE stands in .env, expected in the environment alone: remove it from the file"]


def test_line_that_would_not_be_read_is_a_mistake(env: Path) -> None:
    env.write_text("# first\nKAFKA_BOOTSTRAP_SERVER: kafka:9092\nexport EVENTY_LOG_LEVEL=DEBUG\n")
    assert mistakes() == [
        "line 2 of .env has no = after KAFKA_BOOTSTRAP_SERVER, expected KAFKA_BOOTSTRAP_SERVER=…: put it there",
        "line 3 of .env begins with export, expected EVENTY_LOG_LEVEL=…: remove the word",
    ]
