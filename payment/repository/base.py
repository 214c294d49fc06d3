"""The contracts of the repositories."""

from __future__ import annotations

from abc import ABC, abstractmethod

from payment.model import ContractStatus, Payment


class PaymentRepository(ABC):
    """Keeps payments."""

    @abstractmethod
    async def add(self, payment: Payment) -> Payment:
        """Store a payment unless its id is there already; return the one that is stored under this id."""

    @abstractmethod
    async def update(self, payment: Payment) -> None:
        """Replace a stored payment by its next state. Raises LookupError when it isn't there.

        Not guarded against somebody else's change between `get` and `update`: nobody makes one, since all commands of a
        payment have its id as their key, and commands of one key are handled one after the other.
        """

    @abstractmethod
    async def get(self, payment_id: str) -> Payment | None:
        """Return a payment, or None when there is none of this id."""

    @abstractmethod
    async def of_contract(self, contract_id: str) -> list[Payment]:
        """Return all payments of a contract, ordered by id; none for a contract nobody knows."""


class ContractRepository(ABC):
    """Keeps what the contract team has told about contracts."""

    @abstractmethod
    async def set_status(self, contract_id: str, status: ContractStatus) -> None:
        """Keep the status of a contract in place of its earlier one."""

    @abstractmethod
    async def status(self, contract_id: str) -> ContractStatus | None:
        """Return the status of a contract, or None when nothing has been told about it."""
