"""`/sms`: what the SMS gateway calls with each message that it receives."""

from __future__ import annotations

import re

from sanic import Blueprint, HTTPResponse, Request, json
from sanic_ext import openapi

from eventy.emitter.base import BaseEventEmitter
from payment.blueprints.body import LONGEST_ID, Fields, read_object
from payment.blueprints.documentation import ID, MISTAKES, TEXT, an_object, answer, json_body
from payment.blueprints.mistakes import answer_mistakes
from payment.commands import ConfirmPayment
from payment.errors import InvalidRequestError
from payment.metrics import PaymentMetrics

# Characters: a telephone number has 15 digits at most (ITU-T E.164), a sender may be a name too.
_LONGEST_SENDER = 50
_LONGEST_TEXT = 1_600

_PAY = re.compile(rf"\s*PAY\s+(\S{{1,{LONGEST_ID}}})\s*", re.IGNORECASE)

bp = Blueprint("sms", url_prefix="/sms")
bp.exception(InvalidRequestError)(answer_mistakes)


@bp.post("")
@openapi.definition(
    body=json_body(**{"from": TEXT, "text": TEXT}),
    response=[answer(202, "taken", an_object(id=ID)), answer(400, "mistakes", MISTAKES)],
)
async def receive_sms(
    request: Request, event_emitter: BaseEventEmitter, payment_metrics: PaymentMetrics
) -> HTTPResponse:
    """Confirm a payment by the text `PAY <id>`.

    Whether there is such a payment shows when the command is handled.
    """
    with payment_metrics.sms_refused.count_exceptions(InvalidRequestError):
        payment_id = payment_to_confirm(request.body)
    await event_emitter.send(ConfirmPayment({"id": payment_id}), "payment-commands", key=payment_id)
    return json({"id": payment_id}, status=202)


def payment_to_confirm(body: bytes) -> str:
    """Return the payment's id from a JSON body `{"from", "text"}`; whatever else a gateway adds is passed over.

    Raises InvalidRequestError.
    """
    fields = Fields(read_object(body))
    fields.text("from", _LONGEST_SENDER)
    payment_id = fields.match("text", _PAY, "PAY and the id of a payment", _LONGEST_TEXT)
    fields.check()
    return payment_id
