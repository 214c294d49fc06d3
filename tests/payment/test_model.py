from __future__ import annotations

import pytest

from payment.model import ContractStatus, Payment, PaymentStatus, Reason

DATA = {"id": "p1", "contract_id": "c1", "amount": 1_250, "currency": "EUR"}


@pytest.mark.parametrize("contract", [None, ContractStatus.ACTIVE])
def test_payment_for_a_contract_that_is_active_or_unheard_of_is_created(contract: ContractStatus | None) -> None:
    assert Payment.create(DATA, contract) == Payment("p1", "c1", 1_250, "EUR", PaymentStatus.CREATED, None)


@pytest.mark.parametrize(
    ("change", "contract", "reason"),
    [
        ({}, ContractStatus.SUSPENDED, Reason.CONTRACT_SUSPENDED),
        ({"amount": 0}, None, Reason.INVALID_AMOUNT),
        ({"amount": -1}, None, Reason.INVALID_AMOUNT),
        ({"currency": "USD"}, None, Reason.UNSUPPORTED_CURRENCY),
    ],
)
def test_payment_against_the_rules_is_rejected_with_the_reason(
    change: dict[str, object], contract: ContractStatus | None, reason: Reason
) -> None:
    payment = Payment.create({**DATA, **change}, contract)
    assert (payment.status, payment.reason) == (PaymentStatus.REJECTED, reason)


def test_created_payment_becomes_confirmed() -> None:
    assert Payment.create(DATA).confirm().status is PaymentStatus.CONFIRMED


def test_confirmed_payment_stays_confirmed() -> None:
    confirmed = Payment.create(DATA).confirm()
    assert confirmed.confirm() == confirmed


def test_rejected_payment_stays_rejected() -> None:
    rejected = Payment.create(DATA, ContractStatus.SUSPENDED)
    assert rejected.confirm() == rejected
