"""The log of the process."""

import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from eventy.errors import ConfigurationError, EventyError, HandlerError, SettingsError
from eventy.telemetry.logging import configure_logging, is_debug_asked, report

OTHERS = ("aiokafka", "aiosqlite", "asyncio", "sanic.access", "sanic.error", "sanic.root", "sanic.server", "sqlalchemy")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in OTHERS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)


def record(message: str, created: float = 1_700_000_000.5) -> logging.LogRecord:
    made = logging.LogRecord("payment", logging.WARNING, __file__, 1, message, None, None)
    made.created = created
    return made


def test_console_is_a_line_on_standard_error_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    logging.getLogger("payment").handle(record("paid"))
    assert capsys.readouterr() == ("", "2023-11-14T22:13:20.500Z WARNING  payment: paid\n")


def test_message_cannot_forge_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    logging.getLogger("payment").handle(record("paid\n2023-11-14T22:13:20.500Z INFO forged\rtoo"))
    first, *further = capsys.readouterr().err.splitlines()
    assert first.endswith("payment: paid")
    assert all(line.startswith("  ") for line in further)


def test_json_is_an_object_a_line_with_extras(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    made = record("paid")
    made.topic = "payment-events"
    logging.getLogger("payment").handle(made)
    assert json.loads(capsys.readouterr().err) == {
        "timestamp": "2023-11-14T22:13:20.500Z",
        "level": "WARNING",
        "logger": "payment",
        "message": "paid",
        "topic": "payment-events",
    }


def test_json_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythonjsonlogger.json", None)
    expected = (
        "EVENTY_LOG_FORMAT is 'json', but python-json-logger isn't installed: "
        "install eventy[json-logs], or set EVENTY_LOG_FORMAT=console"
    )
    with pytest.raises(ConfigurationError, match=re.escape(expected)):
        configure_logging("INFO", "json")


def test_configured_twice_it_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    configure_logging("INFO", "console")
    logging.getLogger("payment").warning("paid")
    assert capsys.readouterr().err.count("paid") == 1


def test_handlers_of_others_stay() -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    configure_logging("INFO", "console")
    assert other in logging.getLogger().handlers


@pytest.mark.parametrize(("level", "aiokafka", "access"), [("DEBUG", "WARNING", "INFO"), ("ERROR", "ERROR", "ERROR")])
def test_others_never_log_what_may_hold_secrets(level: str, aiokafka: str, access: str) -> None:
    configure_logging(level, "console")
    assert logging.getLogger("payment").getEffectiveLevel() == logging.getLevelName(level)
    assert logging.getLogger("aiokafka.conn").getEffectiveLevel() == logging.getLevelName(aiokafka)
    assert logging.getLogger("sqlalchemy.engine").getEffectiveLevel() == logging.getLevelName(aiokafka)
    assert logging.getLogger("sanic.access").getEffectiveLevel() == logging.getLevelName(access)


def test_access_record_gets_its_text_without_the_query(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    extra = {"request": "GET http://localhost/payments?token=hush", "status": 200, "byte": 12, "duration": " 1.5ms"}
    logging.getLogger("sanic.access").info("", extra=extra)
    assert capsys.readouterr().err.endswith(
        "INFO     sanic.access: GET http://localhost/payments 200, 12 bytes, 1.5ms\n"
    )


def test_mistake_of_the_users_is_reported_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    report(_raised(SettingsError(["EVENTY_LOG_LEVEL is 'LOUD'"])))
    error = capsys.readouterr().err
    assert error.endswith("CRITICAL eventy: 1 setting can't be used:\n    EVENTY_LOG_LEVEL is 'LOUD'\n")
    assert "Traceback" not in error


def test_failure_that_the_log_has_shown_already_is_reported_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    report(_raised(HandlerError("gave up")))
    assert capsys.readouterr().err.endswith("CRITICAL eventy: gave up\n")


def test_mistake_is_reported_with_a_traceback_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", "console")
    report(_raised(ConfigurationError("no such class")))
    assert "Traceback" in capsys.readouterr().err


def _raised(error: EventyError) -> EventyError:
    try:
        raise error
    except EventyError as caught:
        return caught


@pytest.mark.parametrize(("level", "is_asked"), [("DEBUG", True), (" debug ", True), ("INFO", False), (None, False)])
def test_traceback_is_asked_for_where_settings_may_be_wrong(
    level: str | None, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTY_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("EVENTY_LOG_LEVEL", level)
    assert is_debug_asked() is is_asked


def test_library_that_repeats_itself_is_heard_once_and_others_always(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    for port in range(3):
        logging.getLogger("aiokafka.conn").error("Unable connect to %d", port)
        logging.getLogger("mine").error("Unable connect to %d", port)
    lines = capsys.readouterr().err.splitlines()
    assert [sum(name in line for line in lines) for name in ("aiokafka.conn", "mine")] == [1, 3]
