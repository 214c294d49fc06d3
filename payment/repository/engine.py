"""The engine for a database URL: what SQLite and PostgreSQL each need to be used by many tasks and processes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing

from sqlalchemy import AsyncAdaptedQueuePool, Connection, ExceptionContext, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from eventy.errors import ConfigurationError
from payment.repository.url import DatabaseUrl

# Seconds.
_SQLITE_BUSY_TIMEOUT = 30
_POSTGRESQL_CONNECT_TIMEOUT = 10
_POSTGRESQL_COMMAND_TIMEOUT = 30

_WAL_ATTEMPTS = 100


def build_engine(url: DatabaseUrl) -> AsyncEngine:
    """Return an engine; it connects on first use. Raises ConfigurationError when the driver isn't installed."""
    try:
        return _postgresql(url) if url.is_postgresql else _sqlite(url)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"DATABASE_URL is {url}, which needs the package {error.name}; install it: pip install 'eventy[sample]'"
        ) from error


def _postgresql(url: DatabaseUrl) -> AsyncEngine:
    return create_async_engine(
        url.parsed,
        # The repositories rely on it: a SELECT after INSERT … ON CONFLICT DO NOTHING sees the row of the other one.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        # What customers write stays out of errors and logs.
        hide_parameters=True,
        connect_args={"timeout": _POSTGRESQL_CONNECT_TIMEOUT, "command_timeout": _POSTGRESQL_COMMAND_TIMEOUT},
    )


def _sqlite(url: DatabaseUrl) -> AsyncEngine:
    engine = create_async_engine(
        url.parsed,
        # SQLite has one writer at a time. Within the process they queue for the connection in turn, which is fair; the
        # busy time-out is for other processes.
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": _SQLITE_BUSY_TIMEOUT},
    )
    event.listen(engine.sync_engine, "connect", _begin_nothing)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    event.listen(engine.sync_engine, "handle_error", _keep_when_cancelled)
    return engine


def _begin_nothing(connection: DBAPIConnection, _: object) -> None:
    # The driver begins no transactions of its own: see below.
    connection.isolation_level = None


def prepare_sqlite_file(path: str) -> None:
    """Have readers and a writer work side by side (https://sqlite.org/wal.html); the file keeps this mode.

    Blocks: run it in a thread. Raises sqlite3.Error for a file that can't be used, before the pool has to do with it.
    """
    with closing(sqlite3.connect(path, timeout=_SQLITE_BUSY_TIMEOUT, isolation_level=None)) as connection:
        _use_wal(connection.execute)


def _use_wal(execute: Callable[[str], object]) -> None:
    for _ in range(_WAL_ATTEMPTS):
        try:
            execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # Another process is changing it: SQLite says "locked" at once, without the busy time-out. A transaction
            # does wait, so wait by one and look again.
            execute("BEGIN IMMEDIATE")
            execute("ROLLBACK")
        else:
            return
    raise sqlite3.OperationalError("the journal mode can't be changed to WAL: the database stays locked")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail when another one wrote in between; taking the write
    # lock at its beginning, it waits instead (https://sqlite.org/lang_transaction.html).
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _keep_when_cancelled(context: ExceptionContext) -> None:
    # SQLAlchemy would close the connection. SQLite keeps one that is closed with a result half read, its write lock
    # included, until Python collects the result (https://sqlite.org/c3ref/close.html). It needn't be closed: the
    # driver's thread ends the cancelled statement first, then closes the result, then rolls back.
    if isinstance(context.original_exception, asyncio.CancelledError):
        context.is_disconnect = False
