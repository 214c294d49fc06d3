"""The SQL database: SQLite by default, PostgreSQL when several machines share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from payment.errors import DatabaseUnavailableError
from payment.repository.completion import to_the_end
from payment.repository.engine import build_engine, prepare_sqlite_file
from payment.repository.tables import metadata
from payment.repository.url import DatabaseUrl

# Any number will do, as long as all processes of this service use the same.
_TABLES_LOCK = 7_298_110_433


class _Block:
    """An open `transaction()`; the blocks directly inside it, which may be other tasks', take turns."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.turn = asyncio.Lock()
        self.is_closed = False


class Database:
    """One pool of connections, and the transaction at hand.

    Parameters
        url: DATABASE_URL, `sqlite+aiosqlite:///payments.db` or `postgresql+asyncpg://user:password@host/database`.

    Raises ConfigurationError when the URL can't be one of these.
    """

    def __init__(self, url: str) -> None:
        self._url = DatabaseUrl.parse(url)
        self._engine = build_engine(self._url)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._current: ContextVar[_Block | None] = ContextVar("payment_transaction", default=None)

    async def start(self) -> None:
        """Create the tables that aren't there yet. Any number of processes may do so at the same time.

        Raises ConfigurationError when the folder of an SQLite file is missing, DatabaseUnavailableError when the
        database can't be reached within seconds, or refuses us.
        """
        self._url.check_folder()
        try:
            await self._create_tables()
        except Exception as error:  # each driver has errors of its own for a connection that fails
            await self._engine.dispose()
            raise DatabaseUnavailableError(
                f"DATABASE_URL is {self._url}, and this database can't be used: {_reason(error)}; expected one that "
                f"answers and lets us create tables. Start it, or correct DATABASE_URL"
            ) from error
        except BaseException:
            await self._engine.dispose()
            raise

    async def stop(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Join the transaction at hand, or open one: committed when its block ends, rolled back when that raises.

        The consumer opens one around each message, so all repositories that a command uses succeed or fail together,
        although they are singletons. It has one connection, which does one thing at a time: tasks started inside take
        turns, so `gather` gains nothing here.

        Raises RuntimeError in a task that has outlived the transaction it was started in.
        """
        outer = self._current.get()
        if outer is None:
            async with self._sessions.begin() as session, self._block(session):
                yield session
            return
        async with outer.turn:
            if outer.is_closed:
                raise RuntimeError(
                    "a task has outlived the transaction it was started in, and its work would no longer be committed "
                    "or rolled back with it: await the task inside, or start it with a context of its own"
                )
            async with self._block(outer.session):
                yield outer.session

    @asynccontextmanager
    async def _block(self, session: AsyncSession) -> AsyncIterator[None]:
        block = _Block(session)
        token = self._current.set(block)
        try:
            yield
        finally:
            self._current.reset(token)
            async with block.turn:  # a task that was started inside may still be at it
                block.is_closed = True

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that knows ON CONFLICT, which isn't part of standard SQL."""
        return postgresql.insert(table) if self._url.is_postgresql else sqlite.insert(table)

    async def _create_tables(self) -> None:
        if not self._url.is_postgresql:
            await asyncio.to_thread(prepare_sqlite_file, self._url.parsed.database or "")
            # The driver connects in a thread, which would be nobody's if we were cancelled meanwhile.
            await to_the_end(self._connect())
        async with self._engine.begin() as connection:
            if self._url.is_postgresql:
                # CREATE TABLE IF NOT EXISTS fails when two do it at once, so they take turns.
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TABLES_LOCK})
            await connection.run_sync(metadata.create_all)

    async def _connect(self) -> None:
        """Have a connection in the pool."""
        connection = await self._engine.connect()
        await connection.close()


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"{type(cause).__name__}: {cause}".rstrip(": ")
