"""The log of the process: lines on standard error, for people or for machines."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

from eventy.errors import ConfigurationError, EventyError
from eventy.telemetry.access import ACCESS, with_text
from eventy.telemetry.repetition import OncePerInterval

logger = logging.getLogger("eventy")

# The least level of others' loggers: what they say below it is noise, or shows passwords (a SASL request of aiokafka)
# and people's data (the parameters of a statement).
_OTHERS = {
    "aiokafka": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "asyncio": logging.WARNING,
    ACCESS: logging.INFO,
    "sanic.error": logging.WARNING,
    "sanic.root": logging.WARNING,
    "sanic.server": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}


def configure_logging(level: str, format: str) -> None:  # noqa: A002  # as EVENTY_LOG_FORMAT
    """Have the process log to standard error, in UTC. Done again, it replaces what it did.

    Parameters
        level: the least that is logged, `DEBUG` to `CRITICAL`.
        format: `console` or `json`, an object a line.

    Raises ConfigurationError when the library for `json` isn't installed.
    """
    handler = _Handler()
    handler.addFilter(with_text)
    # Dozens of lines a second for as long as a broker is away; what eventy itself says of that is enough.
    handler.addFilter(OncePerInterval("aiokafka"))
    handler.setFormatter(formatter_of(format))
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in _OTHERS.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def formatter_of(format: str) -> logging.Formatter:  # noqa: A002  # as EVENTY_LOG_FORMAT
    """Return what makes lines of a format. Raises ConfigurationError when the library for `json` isn't installed."""
    return _json() if format == "json" else _ConsoleFormatter()


def is_debug_asked() -> bool:
    """Return whether `EVENTY_LOG_LEVEL` of the environment is DEBUG, for when the settings themselves may be wrong."""
    return os.environ.get("EVENTY_LOG_LEVEL", "").strip().upper() == "DEBUG"


def report(error: EventyError) -> None:
    """Log what ends the process: its text says all. At DEBUG there is a traceback too.

    Where a handler has failed is logged when its message is given up, which may be long before the process ends.
    """
    logger.critical("%s", error, exc_info=error if logger.isEnabledFor(logging.DEBUG) else None)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # generic for the type checker alone
    """Ours, to be told from those of others on the root logger."""


class _ConsoleFormatter(logging.Formatter):
    """A record a line; further ones, of a traceback for example, are indented: no message can forge a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-8s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # the library's
        return _utc(record)

    def format(self, record: logging.LogRecord) -> str:
        return "\n  ".join(super().format(record).splitlines())


def _json() -> logging.Formatter:
    try:
        from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError(
            "EVENTY_LOG_FORMAT is 'json', but python-json-logger isn't installed: "
            "install eventy[json-logs], or set EVENTY_LOG_FORMAT=console"
        ) from None

    class UtcJsonFormatter(JsonFormatter):
        def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # the library's
            return _utc(record)

    names = {"asctime": "timestamp", "levelname": "level", "name": "logger"}
    return UtcJsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names)


def _utc(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
