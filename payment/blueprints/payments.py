"""`/payments`: ask for a payment, and look at what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, HTTPResponse, NotFound, Request, json
from sanic_ext import openapi

from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from payment.blueprints.body import LONGEST_ID, Fields, is_id, read_object
from payment.blueprints.documentation import (
    AMOUNT,
    CURRENCY,
    ID,
    MISTAKES,
    PAYMENT,
    a_list,
    an_object,
    answer,
    json_body,
)
from payment.blueprints.mistakes import answer_mistakes
from payment.commands import CreatePayment
from payment.errors import InvalidRequestError
from payment.model import CURRENCIES, Payment
from payment.repository.base import PaymentRepository

bp = Blueprint("payments", url_prefix="/payments")
bp.exception(InvalidRequestError)(answer_mistakes)


@bp.post("")
@openapi.definition(
    body=json_body(contract_id=ID, amount=AMOUNT, currency=CURRENCY),
    response=[answer(202, "on its way to Location", an_object(id=ID)), answer(400, "mistakes", MISTAKES)],
)
async def create_payment(request: Request, clock: Clock, event_emitter: BaseEventEmitter) -> HTTPResponse:
    """Ask for a payment.

    Each request is a payment of its own, also when it says the same as another one.
    """
    data = {"id": clock.new_id(), **new_payment(request.body)}
    await event_emitter.send(CreatePayment(data), "payment-commands", key=data["id"])
    return json({"id": data["id"]}, status=202, headers={"Location": f"/payments/{data['id']}"})


@bp.get("/<payment_id>", unquote=True)
@openapi.definition(response=[answer(200, "the payment", PAYMENT), answer(404, "not there, or not yet", MISTAKES)])
async def get_payment(request: Request, payment_id: str, payment_repository: PaymentRepository) -> HTTPResponse:
    """Look at a payment.

    It is there as soon as its command has been handled.
    """
    payment = await payment_repository.get(payment_id) if is_id(payment_id) else None
    if payment is None:
        raise NotFound(f"there is no payment {payment_id!r}, or its command hasn't been handled yet: try again")
    return json(as_json(payment))


@bp.get("")
@openapi.definition(response=[answer(200, "payments", a_list(PAYMENT)), answer(400, "mistakes", MISTAKES)])
@openapi.parameter("contract_id", str, "query", required=True)
async def list_payments(request: Request, payment_repository: PaymentRepository) -> HTTPResponse:
    """List the payments of a contract.

    `[{"id", "contract_id", "amount", "currency", "status"}, …]`, ordered by id; empty for a contract nobody knows.
    """
    payments = await payment_repository.of_contract(wanted_contract(request.args))
    return json([as_json(payment) for payment in payments])


def new_payment(body: bytes) -> dict[str, Any]:
    """Return `contract_id`, `amount` and `currency` from a JSON body. Raises InvalidRequestError."""
    fields = Fields(read_object(body))
    data = {
        "contract_id": fields.text("contract_id", LONGEST_ID),
        "amount": fields.integer("amount", least=1),
        "currency": fields.choice("currency", CURRENCIES),
    }
    fields.refuse_others()
    fields.check()
    return data


def wanted_contract(arguments: Mapping[str, list[str]]) -> str:
    """Return the `contract_id` of a query. Raises InvalidRequestError."""
    fields = Fields({name: values[0] for name, values in arguments.items()})
    contract_id = fields.text("contract_id", LONGEST_ID)
    fields.check()
    return contract_id


def as_json(payment: Payment) -> dict[str, Any]:
    """Return a payment as clients see it."""
    return {
        "id": payment.id,
        "contract_id": payment.contract_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status.value,
    }
