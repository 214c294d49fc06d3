from __future__ import annotations

from itertools import permutations

import pytest

from payment.events import PaymentConfirmed, PaymentCreated, PaymentRejected
from payment.model import ContractStatus, Payment, Reason
from payment.statistics import PaymentStatistics


def payment(payment_id: str, contract: ContractStatus | None = None) -> Payment:
    return Payment.create({"id": payment_id, "contract_id": "c1", "amount": 1, "currency": "EUR"}, contract)


async def test_each_payment_counts_under_its_latest_status() -> None:
    statistics = PaymentStatistics()
    assert statistics.counts() == {"created": 0, "confirmed": 0, "rejected": 0}
    await PaymentCreated.of(payment("p1")).handle(statistics)
    await PaymentCreated.of(payment("p2")).handle(statistics)
    await PaymentConfirmed.of(payment("p2")).handle(statistics)
    await PaymentRejected.of(payment("p3", ContractStatus.SUSPENDED)).handle(statistics)
    assert statistics.counts() == {"created": 1, "confirmed": 1, "rejected": 1}


@pytest.mark.parametrize("order", sorted({*permutations(["created", "created", "confirmed", "confirmed"])}))
async def test_repeated_events_count_once_in_whatever_order_they_come(order: tuple[str, ...]) -> None:
    statistics = PaymentStatistics()
    events = {"created": PaymentCreated.of(payment("p1")), "confirmed": PaymentConfirmed.of(payment("p1"))}
    for name in order:
        await events[name].handle(statistics)
    assert statistics.counts() == {"created": 0, "confirmed": 1, "rejected": 0}


async def test_rejection_of_an_unknown_payment_counts_nothing() -> None:
    statistics = PaymentStatistics()
    await PaymentRejected.because("nobody", Reason.UNKNOWN_PAYMENT).handle(statistics)
    assert statistics.counts() == {"created": 0, "confirmed": 0, "rejected": 0}


def test_rejection_of_a_payment_that_is_not_rejected_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="payment p1 is created, expected a rejected one"):
        PaymentRejected.of(payment("p1"))
