from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from payment.model import ContractStatus, Payment
from payment.repository.database import Database
from payment.repository.sql import SqlContractRepository, SqlPaymentRepository
from tests.payment.cancellation import one_step

PAYMENT = Payment("p1", "c1", 1_250, "EUR")


@pytest.fixture
def payments(database: Database) -> SqlPaymentRepository:
    return SqlPaymentRepository(database)


@pytest.fixture
def contracts(database: Database) -> SqlContractRepository:
    return SqlContractRepository(database)


async def store_both(database: Database, payment: Payment) -> None:
    async with database.transaction():
        await SqlContractRepository(database).set_status(payment.id, ContractStatus.ACTIVE)
        await SqlPaymentRepository(database).add(payment)


async def test_nested_transaction_joins_the_outer_one(database: Database) -> None:
    async with database.transaction() as outer, database.transaction() as inner:
        assert inner is outer
    async with database.transaction() as later:
        assert later is not outer


async def test_repositories_commit_together(
    database: Database, payments: SqlPaymentRepository, contracts: SqlContractRepository
) -> None:
    await store_both(database, PAYMENT)
    assert await payments.get("p1") == PAYMENT
    assert await contracts.status("p1") is ContractStatus.ACTIVE


async def test_failure_rolls_back_what_both_repositories_did(
    database: Database, payments: SqlPaymentRepository, contracts: SqlContractRepository
) -> None:
    async def fail() -> None:
        async with database.transaction():
            await store_both(database, PAYMENT)
            assert await payments.get("p1") == PAYMENT
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await payments.get("p1") is None
    assert await contracts.status("p1") is None


async def test_fifty_transactions_side_by_side(database: Database, payments: SqlPaymentRepository) -> None:
    await asyncio.gather(*(store_both(database, replace(PAYMENT, id=f"p{number}")) for number in range(50)))
    assert len(await payments.of_contract("c1")) == 50


async def test_tasks_inside_a_transaction_take_turns(database: Database, payments: SqlPaymentRepository) -> None:
    async with database.transaction():
        await payments.get("p1")
        await asyncio.gather(*(payments.add(replace(PAYMENT, id=f"p{number}")) for number in range(20)))
    assert len(await payments.of_contract("c1")) == 20


async def test_tasks_of_a_failed_transaction_store_nothing_not_even_later(
    database: Database, payments: SqlPaymentRepository
) -> None:
    async def store(number: int) -> None:
        await payments.add(replace(PAYMENT, id=f"p{number}"))
        if number == 0:
            raise ZeroDivisionError
        await payments.add(replace(PAYMENT, id=f"q{number}"))

    tasks: list[asyncio.Task[None]] = []

    async def wait_for_the_first() -> None:
        async with database.transaction():
            tasks.extend(asyncio.create_task(store(number)) for number in range(5))
            await tasks[0]

    with pytest.raises(ZeroDivisionError):
        await wait_for_the_first()
    _, *outlived = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(error) for error in outlived} == {RuntimeError}
    assert await payments.of_contract("c1") == []


async def test_task_that_outlives_its_transaction_is_told_so(
    database: Database, payments: SqlPaymentRepository
) -> None:
    over = asyncio.Event()

    async def store_later() -> None:
        await over.wait()
        await payments.add(PAYMENT)

    async with database.transaction():
        await payments.get("p1")
        task = asyncio.create_task(store_later())
    over.set()
    with pytest.raises(RuntimeError, match="outlived the transaction it was started in"):
        await task
    assert await payments.get("p1") is None


async def test_cancelled_transactions_leave_nothing_behind(database: Database, payments: SqlPaymentRepository) -> None:
    async def store(number: int) -> None:
        async with database.transaction():
            await store_both(database, replace(PAYMENT, id=f"p{number}"))
            await asyncio.Event().wait()

    for steps in range(0, 40, 3):
        tasks = [asyncio.create_task(store(number)) for number in range(20)]
        for _ in range(steps):
            await one_step()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await payments.of_contract("c1") == []
    await store_both(database, PAYMENT)


async def test_two_pools_store_one_id_once(database: Database, database_url: str) -> None:
    other = Database(database_url)
    await other.start()
    try:
        here, there = SqlPaymentRepository(database), SqlPaymentRepository(other)
        adding = (
            repository.add(replace(PAYMENT, amount=amount))
            for amount, repository in enumerate([here, there] * 25, start=1)
        )
        assert set(await asyncio.gather(*adding)) == {await here.get("p1")}
    finally:
        await other.stop()


async def test_transactions_that_read_first_wait_for_each_other(database: Database, database_url: str) -> None:
    other = Database(database_url)
    await other.start()

    async def read_then_store(number: int) -> None:
        here = (database, other)[number % 2]
        async with here.transaction():
            await SqlContractRepository(here).status("c1")
            await SqlPaymentRepository(here).add(replace(PAYMENT, id=f"p{number}"))

    try:
        await asyncio.gather(*map(read_then_store, range(60)))
    finally:
        await other.stop()


async def test_database_can_be_started_again(database: Database, payments: SqlPaymentRepository) -> None:
    await payments.add(PAYMENT)
    await database.stop()
    await database.start()
    assert await payments.get("p1") == PAYMENT
