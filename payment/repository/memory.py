"""Repositories that forget everything when the process ends. They take part in no transaction."""

from __future__ import annotations

from payment.model import ContractStatus, Payment
from payment.repository.base import ContractRepository, PaymentRepository


class MemoryPaymentRepository(PaymentRepository):
    """Keeps payments in a dictionary."""

    def __init__(self) -> None:
        self._payments: dict[str, Payment] = {}

    async def add(self, payment: Payment) -> Payment:
        return self._payments.setdefault(payment.id, payment)

    async def update(self, payment: Payment) -> None:
        if payment.id not in self._payments:
            raise LookupError(f"payment {payment.id!r} isn't there to be updated; add it first")
        self._payments[payment.id] = payment

    async def get(self, payment_id: str) -> Payment | None:
        return self._payments.get(payment_id)

    async def of_contract(self, contract_id: str) -> list[Payment]:
        found = (payment for payment in self._payments.values() if payment.contract_id == contract_id)
        return sorted(found, key=lambda payment: payment.id)


class MemoryContractRepository(ContractRepository):
    """Keeps the status of contracts in a dictionary."""

    def __init__(self) -> None:
        self._status: dict[str, ContractStatus] = {}

    async def set_status(self, contract_id: str, status: ContractStatus) -> None:
        self._status[contract_id] = status

    async def status(self, contract_id: str) -> ContractStatus | None:
        return self._status.get(contract_id)
