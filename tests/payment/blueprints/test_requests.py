from __future__ import annotations

import json

import pytest

from payment.blueprints.contracts import new_status
from payment.blueprints.payments import as_json, new_payment, wanted_contract
from payment.blueprints.sms import payment_to_confirm
from payment.errors import InvalidRequestError
from payment.model import ContractStatus, Payment

PAYMENT = {"contract_id": "c1", "amount": 1_250, "currency": "EUR"}


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def wrong_fields(error: InvalidRequestError) -> list[str]:
    return [mistake.field for mistake in error.mistakes]


def test_new_payment_is_read() -> None:
    assert new_payment(body(**PAYMENT)) == PAYMENT


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"contract_id": 1}, ["contract_id"]),
        ({"contract_id": "x" * 101}, ["contract_id"]),
        ({"amount": True}, ["amount"]),
        ({"amount": 2**63}, ["amount"]),
        ({"currency": "USD"}, ["currency"]),
        ({"id": "mine"}, ["id"]),
        ({"contract_id": "", "amount": 0, "currency": None, "x": 1}, ["contract_id", "amount", "currency", "x"]),
    ],
)
def test_mistakes_of_a_new_payment_are_named(change: dict[str, object], wrong: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        new_payment(body(**{**PAYMENT, **change}))
    assert wrong_fields(caught.value) == wrong


def test_empty_object_lacks_everything() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        new_payment(b"{}")
    assert wrong_fields(caught.value) == ["contract_id", "amount", "currency"]


def test_payment_as_clients_see_it() -> None:
    payment = Payment.create({"id": "p1", **PAYMENT}, ContractStatus.SUSPENDED)
    assert as_json(payment) == {"id": "p1", **PAYMENT, "status": "rejected"}


def test_list_wants_a_contract() -> None:
    assert wanted_contract({"contract_id": ["c1", "c2"], "page": ["1"]}) == "c1"
    for arguments in ({}, {"contract_id": [""]}, {"contract_id": ["\0"]}):
        with pytest.raises(InvalidRequestError) as caught:
            wanted_contract(arguments)
        assert wrong_fields(caught.value) == ["contract_id"]


@pytest.mark.parametrize("text", ["PAY p1", "pay p1", " Pay\tp1 \n"])
def test_sms_names_the_payment(text: str) -> None:
    assert payment_to_confirm(body(**{"from": "+33612345678", "text": text, "to": "36000"})) == "p1"


@pytest.mark.parametrize("text", ["", "PAY", "PAYp1", "PAY p1 p2", "p1", "PAY " + "x" * 101, "PAY \ud800", 1, None])
def test_sms_of_another_text_is_refused(text: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        payment_to_confirm(body(**{"from": "+33612345678", "text": text}))
    assert wrong_fields(caught.value) == ["text"]


def test_sms_without_anything_is_refused() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        payment_to_confirm(b"{}")
    assert wrong_fields(caught.value) == ["from", "text"]


def test_new_status_is_read() -> None:
    assert new_status(body(status="suspended")) is ContractStatus.SUSPENDED
    assert new_status(body(status="active")) is ContractStatus.ACTIVE


@pytest.mark.parametrize("status", ["gone", "ACTIVE", "", None, 1, ["active"]])
def test_other_status_is_refused(status: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        new_status(body(status=status, reason="x"))
    assert wrong_fields(caught.value) == ["status", "reason"]
