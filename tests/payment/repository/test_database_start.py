from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from eventy.errors import ConfigurationError
from payment.errors import DatabaseUnavailableError
from payment.repository.database import Database
from payment.repository.url import without_secrets

ROOT = Path(__file__).parents[3]
PROCESSES = 6
START = """
import asyncio, sys
from payment.repository.database import Database
async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    await database.start()
    await database.stop()
asyncio.run(main())
"""


async def test_processes_start_on_an_empty_database_at_the_same_moment(database_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", START, database_url, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [(process.returncode, errors.decode()) for process, (_, errors) in zip(processes, answers, strict=True)] == [
        (0, "")
    ] * PROCESSES


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "isn't a database URL"),
        ("payments.db", "isn't a database URL"),
        ("postgresql+asyncpg://app:s3cret@host:port/payments", "isn't a database URL"),
        ("postgresql+asyncpg://app:s3cret@[::1/payments", "isn't a database URL"),
        ("mysql+aiomysql://app:s3cret@host/payments", "driver 'mysql+aiomysql' isn't known"),
        ("postgresql://app:s3cret@host/payments", "driver 'postgresql' isn't known"),
        ("sqlite:///payments.db", "driver 'sqlite' isn't known"),
        ("sqlite+aiosqlite://payments.db", "write three slashes"),
        ("sqlite+aiosqlite://", "names no file"),
        ("sqlite+aiosqlite:///:memory:", "names no file"),
    ],
)
def test_url_that_can_not_be_used_is_named(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database(url)
    message = str(caught.value)
    assert message.startswith("DATABASE_URL is ")
    assert problem in message
    assert "expected sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://" in message
    assert "s3cret" not in message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite+aiosqlite:///payments.db", "'sqlite+aiosqlite:///payments.db'"),
        ("postgresql+asyncpg://host:5432/payments", "'postgresql+asyncpg://host:5432/payments'"),
        ("postgresql+asyncpg://app:s3cret@host/payments", "'postgresql+asyncpg://***@host/payments'"),
        ("postgresql+asyncpg://app:s3@s3cret@host/payments", "'postgresql+asyncpg://***@host/payments'"),
        ("postgresql+asyncpg://app:s3/s3cret@host/payments", "'postgresql+asyncpg://***@host/payments'"),
        ("postgresql+asyncpg://app:s3?s3cret@host/payments", "'postgresql+asyncpg://***'"),
        ("postgresql+asyncpg://host/payments?password=s3cret", "'postgresql+asyncpg://host/payments'"),
        ("postgresql+asyncpg://host/payments?password=s3@s3cret", "'postgresql+asyncpg://***'"),
        ("app:s3cret@host", "***"),
    ],
)
def test_what_is_shown_of_a_url_has_no_password(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


async def test_sqlite_file_has_readers_and_a_writer_work_side_by_side(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/payments.db")
    await database.start()
    try:
        with closing(sqlite3.connect(tmp_path / "payments.db", timeout=0)) as reader:
            assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            async with database.transaction():  # it has the write lock from its beginning
                assert reader.execute("SELECT count(*) FROM payments").fetchone() == (0,)
    finally:
        await database.stop()


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing is no folder.*Create the folder"):
        await Database(f"sqlite+aiosqlite:///{tmp_path}/missing/payments.db").start()


async def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "payments.db").write_text("no database, but a text that is long enough to be looked at" * 100)
    with pytest.raises(DatabaseUnavailableError, match=r"DATABASE_URL is '.*payments.db'.*file is not a database"):
        await Database(f"sqlite+aiosqlite:///{tmp_path}/payments.db").start()


async def test_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "payments.db").mkdir()
    with pytest.raises(DatabaseUnavailableError, match="unable to open database file"):
        await Database(f"sqlite+aiosqlite:///{tmp_path}/payments.db").start()


async def test_server_that_is_not_there_is_named_without_the_password() -> None:
    # Port 1 is nobody's (RFC 1078, never in use).
    database = Database("postgresql+asyncpg://app:s3cret@127.0.0.1:1/payments")
    with pytest.raises(DatabaseUnavailableError) as caught:
        await database.start()
    message = str(caught.value)
    assert "DATABASE_URL is 'postgresql+asyncpg://***@127.0.0.1:1/payments'" in message
    assert "ConnectionRefusedError" in message
    assert "s3cret" not in message


@pytest.mark.postgres
async def test_database_that_the_server_does_not_have_is_named(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match='database "test_0" does not exist'):
        await Database(f"{postgres_url.rpartition('/')[0]}/test_0").start()


@pytest.mark.postgres
async def test_option_that_the_driver_does_not_know_is_named(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="unexpected keyword argument 'no_option'"):
        await Database(f"{postgres_url}?no_option=1").start()
