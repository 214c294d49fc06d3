"""What has become of payments, on the topic `payment-events`. Every process reads them all and counts."""

from __future__ import annotations

from typing import Any, Self

from eventy.event.base import BaseEvent
from payment.model import Payment, PaymentStatus, Reason
from payment.statistics import PaymentStatistics


class PaymentCreated(BaseEvent):
    """A payment was stored and waits to be confirmed. Data: `id`, `contract_id`, `amount`, `currency`."""

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.event.PaymentCreated"

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(_terms(payment))

    async def handle(self, payment_statistics: PaymentStatistics) -> None:
        payment_statistics.record(self.data["id"], PaymentStatus.CREATED)


class PaymentConfirmed(BaseEvent):
    """A payment was confirmed. Data: `id`, `contract_id`, `amount`, `currency`."""

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.event.PaymentConfirmed"

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(_terms(payment))

    async def handle(self, payment_statistics: PaymentStatistics) -> None:
        payment_statistics.record(self.data["id"], PaymentStatus.CONFIRMED)


class PaymentRejected(BaseEvent):
    """A payment can't be created or confirmed. Data: `id`, and `reason`, one of `payment.model.Reason`."""

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.event.PaymentRejected"

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """Return the event of a rejected payment. Raises ValueError when it isn't rejected."""
        if payment.reason is None:
            raise ValueError(f"payment {payment.id} is {payment.status}, expected a rejected one with its reason")
        return cls.because(payment.id, payment.reason)

    @classmethod
    def because(cls, payment_id: str, reason: Reason) -> Self:
        return cls({"id": payment_id, "reason": reason.value})

    async def handle(self, payment_statistics: PaymentStatistics) -> None:
        if self.data["reason"] != Reason.UNKNOWN_PAYMENT:  # there is no payment to count
            payment_statistics.record(self.data["id"], PaymentStatus.REJECTED)


def outcome_of_creating(payment: Payment) -> BaseEvent:
    """Return what is told about a payment that was to be created; it may have been confirmed since."""
    return PaymentRejected.of(payment) if payment.status is PaymentStatus.REJECTED else PaymentCreated.of(payment)


def outcome_of_confirming(payment: Payment) -> BaseEvent:
    """Return what is told about a payment that was to be confirmed."""
    return PaymentRejected.of(payment) if payment.status is PaymentStatus.REJECTED else PaymentConfirmed.of(payment)


def _terms(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "contract_id": payment.contract_id,
        "amount": payment.amount,
        "currency": payment.currency,
    }
