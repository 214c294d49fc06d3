"""A cancellation may arrive at any step: it leaves no lock, no data, no thread."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from payment.model import ContractStatus, Payment
from payment.repository.database import Database
from payment.repository.sql import SqlContractRepository, SqlPaymentRepository
from tests.payment.cancellation import Moment, cancelled_at, one_step

PAYMENT = Payment("p1", "c1", 1_250, "EUR")

at_each_moment = pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)


@at_each_moment
async def test_transaction_cancelled_at_any_step_leaves_nothing_behind(database: Database, moment: Moment) -> None:
    payments, contracts = SqlPaymentRepository(database), SqlContractRepository(database)

    async def store_in_vain() -> None:
        async with database.transaction():
            await contracts.set_status("c1", ContractStatus.ACTIVE)
            await payments.add(PAYMENT)
            raise ZeroDivisionError

    # Errors keep what their tracebacks lead to, as a log or a task does; what is left behind isn't collected by chance.
    errors: list[BaseException] = []
    for step in count():
        with pytest.raises((asyncio.CancelledError, ZeroDivisionError)) as caught:
            await asyncio.create_task(cancelled_at(step, moment, store_in_vain()))
        errors.append(caught.value)
        assert await payments.get("p1") is None
        assert await contracts.status("c1") is None
        if isinstance(caught.value, ZeroDivisionError):
            break
    assert len(errors) > 10


@at_each_moment
def test_start_cancelled_at_any_step_leaves_no_thread(database_url: str, moment: Moment) -> None:
    async def start_and_stop() -> None:
        database = Database(database_url)
        await database.start()
        await database.stop()

    async def cancelled_start(step: int) -> None:
        await cancelled_at(step, moment, start_and_stop())

    for step in count():
        try:
            run_and_join_threads(cancelled_start(step))
        except asyncio.CancelledError:
            continue
        break
    assert step > 10


def test_start_cancelled_while_it_connects_waits_for_the_thread_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, calls = sqlite3.connect, count(1)
    is_connecting, may_connect = threading.Event(), threading.Event()

    def connect_when_allowed(*args: Any, **options: Any) -> sqlite3.Connection:
        if next(calls) == 2:  # the first one prepares the file, the second one is the pool's
            is_connecting.set()
            may_connect.wait()
        connection: sqlite3.Connection = connect(*args, **options)
        return connection

    async def cancel_twice() -> None:
        start = asyncio.create_task(Database(f"sqlite+aiosqlite:///{tmp_path}/payments.db").start())
        try:
            await asyncio.to_thread(is_connecting.wait)
            for _ in range(2):
                start.cancel()
                for _ in range(20):
                    await one_step()
                assert not start.done()
        finally:
            may_connect.set()
        await start

    monkeypatch.setattr(sqlite3, "connect", connect_when_allowed)
    with pytest.raises(asyncio.CancelledError):
        run_and_join_threads(cancel_twice())


def run_and_join_threads(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run the coroutine in a loop of its own. A thread that answers a closed loop fails the test, by a warning."""
    before = set(threading.enumerate())
    try:
        asyncio.run(coroutine)
    finally:
        for thread in set(threading.enumerate()) - before:
            thread.join(timeout=10)
            assert not thread.is_alive()
