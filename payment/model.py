"""Payments and contracts: what they are and what may become of them. Nothing here knows where they are kept or sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

CURRENCIES = ("EUR",)


class ContractStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class PaymentStatus(StrEnum):
    CREATED = "created"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a payment is rejected."""

    CONTRACT_SUSPENDED = "contract_suspended"
    INVALID_AMOUNT = "invalid_amount"
    UNSUPPORTED_CURRENCY = "unsupported_currency"
    UNKNOWN_PAYMENT = "unknown_payment"


@dataclass(frozen=True, slots=True)
class Payment:
    """What somebody is to pay for a contract.

    Parameters
        amount: in minor units of the currency, cents for EUR.
        currency: ISO 4217 code.
        reason: why it was rejected; None otherwise.
    """

    id: str
    contract_id: str
    amount: int
    currency: str
    status: PaymentStatus = PaymentStatus.CREATED
    reason: Reason | None = None

    @classmethod
    def create(cls, data: Mapping[str, Any], contract: ContractStatus | None = None) -> Self:
        """Return a new payment, rejected when the rules say so.

        Parameters
            data: `id`, `contract_id`, `amount` and `currency`, as in the command.
            contract: the status of its contract; None: nobody has told us, which is no reason to refuse.
        """
        payment = cls(data["id"], data["contract_id"], data["amount"], data["currency"])
        reason = reason_to_reject(payment, contract)
        return payment if reason is None else replace(payment, status=PaymentStatus.REJECTED, reason=reason)

    def confirm(self) -> Self:
        """Return the payment confirmed. A rejected one stays rejected, a confirmed one confirmed."""
        return replace(self, status=PaymentStatus.CONFIRMED) if self.status is PaymentStatus.CREATED else self


def reason_to_reject(payment: Payment, contract: ContractStatus | None) -> Reason | None:
    """Return why a new payment can't be accepted, or None when it can."""
    if payment.amount <= 0:
        return Reason.INVALID_AMOUNT
    if payment.currency not in CURRENCIES:
        return Reason.UNSUPPORTED_CURRENCY
    if contract is ContractStatus.SUSPENDED:
        return Reason.CONTRACT_SUSPENDED
    return None
