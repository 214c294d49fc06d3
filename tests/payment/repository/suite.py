"""What every repository does, whatever it keeps things in: import all, and give fixtures `payments` and `contracts`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from payment.model import ContractStatus, Payment, PaymentStatus, Reason
from payment.repository.base import ContractRepository, PaymentRepository

PAYMENT = Payment("p1", "c1", 1_250, "EUR")
REJECTED = Payment("p2", "c1", 7, "EUR", PaymentStatus.REJECTED, Reason.CONTRACT_SUSPENDED)


async def test_payment_that_was_never_added_is_not_there(payments: PaymentRepository) -> None:
    assert await payments.get("p1") is None


@pytest.mark.parametrize("payment", [PAYMENT, REJECTED, Payment("é😀 '\"", "c\n", 2**63 - 1, "EUR")])
async def test_added_payment_comes_back_as_it_was(payments: PaymentRepository, payment: Payment) -> None:
    assert await payments.add(payment) == payment
    assert await payments.get(payment.id) == payment


async def test_same_id_again_keeps_and_returns_the_first(payments: PaymentRepository) -> None:
    await payments.add(PAYMENT)
    assert await payments.add(replace(PAYMENT, amount=1, contract_id="c2")) == PAYMENT
    assert await payments.get("p1") == PAYMENT
    assert await payments.of_contract("c2") == []


async def test_same_id_again_keeps_a_later_status(payments: PaymentRepository) -> None:
    await payments.add(PAYMENT)
    await payments.update(PAYMENT.confirm())
    assert await payments.add(PAYMENT) == PAYMENT.confirm()


async def test_fifty_side_by_side_store_one_id_once(payments: PaymentRepository) -> None:
    stored = await asyncio.gather(*(payments.add(replace(PAYMENT, amount=amount)) for amount in range(1, 51)))
    assert set(stored) == {await payments.get("p1")}


async def test_fifty_ids_side_by_side_are_all_stored(payments: PaymentRepository) -> None:
    await asyncio.gather(*(payments.add(replace(PAYMENT, id=f"p{number:02}")) for number in range(50)))
    assert [payment.id for payment in await payments.of_contract("c1")] == [f"p{number:02}" for number in range(50)]


async def test_update_replaces_the_payment(payments: PaymentRepository) -> None:
    await payments.add(PAYMENT)
    await payments.update(PAYMENT.confirm())
    await payments.update(PAYMENT.confirm())
    assert await payments.get("p1") == PAYMENT.confirm()


async def test_update_of_a_payment_that_is_not_there_is_refused(payments: PaymentRepository) -> None:
    with pytest.raises(LookupError, match="payment 'p1' isn't there"):
        await payments.update(PAYMENT)
    assert await payments.get("p1") is None


async def test_payments_of_a_contract_are_its_own_ordered_by_id(payments: PaymentRepository) -> None:
    for payment_id in ("b", "a", "C", "é", "_"):
        await payments.add(replace(PAYMENT, id=payment_id))
    await payments.add(replace(PAYMENT, id="other", contract_id="c2"))
    assert [payment.id for payment in await payments.of_contract("c1")] == ["C", "_", "a", "b", "é"]
    assert await payments.of_contract("nobody") == []


async def test_contract_nobody_told_about_has_no_status(contracts: ContractRepository) -> None:
    assert await contracts.status("c1") is None


async def test_contract_has_the_status_that_was_set_last(contracts: ContractRepository) -> None:
    for status in (ContractStatus.SUSPENDED, ContractStatus.SUSPENDED, ContractStatus.ACTIVE):
        await contracts.set_status("c1", status)
        assert await contracts.status("c1") is status
    assert await contracts.status("c2") is None


async def test_status_set_fifty_times_side_by_side(contracts: ContractRepository) -> None:
    await asyncio.gather(*(contracts.set_status("c1", ContractStatus.SUSPENDED) for _ in range(50)))
    assert await contracts.status("c1") is ContractStatus.SUSPENDED
