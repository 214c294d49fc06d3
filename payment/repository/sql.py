"""Repositories in a SQL database. Each call joins the transaction at hand, or is one of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, select, update

from payment.model import ContractStatus, Payment, PaymentStatus, Reason
from payment.repository.base import ContractRepository, PaymentRepository
from payment.repository.database import Database
from payment.repository.tables import contracts, payments


class SqlPaymentRepository(PaymentRepository):
    """Keeps payments in the table `payments`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, payment: Payment) -> Payment:
        async with self._database.transaction() as session:
            # Somebody else may store the same id at this moment: the insert waits for them, then does nothing.
            insert = self._database.insert(payments).values(_row(payment)).on_conflict_do_nothing()
            await session.execute(insert)
            stored = await session.execute(select(payments).where(payments.c.id == payment.id))
            return _payment(stored.mappings().one())

    async def update(self, payment: Payment) -> None:
        async with self._database.transaction() as session:
            change = update(payments).where(payments.c.id == payment.id).values(_row(payment)).returning(payments.c.id)
            if (await session.execute(change)).one_or_none() is None:
                raise LookupError(f"payment {payment.id!r} isn't there to be updated; add it first")

    async def get(self, payment_id: str) -> Payment | None:
        async with self._database.transaction() as session:
            found = await session.execute(select(payments).where(payments.c.id == payment_id))
            row = found.mappings().one_or_none()
            return None if row is None else _payment(row)

    async def of_contract(self, contract_id: str) -> list[Payment]:
        async with self._database.transaction() as session:
            theirs = select(payments).where(payments.c.contract_id == contract_id)
            found = await session.execute(theirs)
            # Not ordered by the database: each sorts by a collation of its own.
            return sorted(map(_payment, found.mappings()), key=lambda payment: payment.id)


class SqlContractRepository(ContractRepository):
    """Keeps the status of contracts in the table `contracts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_status(self, contract_id: str, status: ContractStatus) -> None:
        async with self._database.transaction() as session:
            insert = self._database.insert(contracts).values(id=contract_id, status=status.value)
            await session.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"status": status.value}))

    async def status(self, contract_id: str) -> ContractStatus | None:
        async with self._database.transaction() as session:
            found = await session.execute(select(contracts.c.status).where(contracts.c.id == contract_id))
            status = found.scalar_one_or_none()
            return None if status is None else ContractStatus(status)


def _row(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "contract_id": payment.contract_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status.value,
        "reason": payment.reason.value if payment.reason else None,
    }


def _payment(row: RowMapping) -> Payment:
    return Payment(
        row["id"],
        row["contract_id"],
        row["amount"],
        row["currency"],
        PaymentStatus(row["status"]),
        Reason(row["reason"]) if row["reason"] else None,
    )
