"""`/contracts`: plays the contract team, whose service this sample doesn't have."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, NotFound, Request, json
from sanic_ext import openapi

from eventy.emitter.base import BaseEventEmitter
from eventy.event.generic import GenericEvent
from payment.blueprints.body import LONGEST_ID, Fields, is_id, read_object
from payment.blueprints.documentation import CONTRACT_STATUS, ID, MISTAKES, an_object, answer, json_body
from payment.blueprints.mistakes import answer_mistakes
from payment.errors import InvalidRequestError
from payment.model import ContractStatus

_EVENTS = {
    ContractStatus.ACTIVE: "qotto.contract.event.ContractActivated",
    ContractStatus.SUSPENDED: "qotto.contract.event.ContractSuspended",
}

bp = Blueprint("contracts", url_prefix="/contracts")
bp.exception(InvalidRequestError)(answer_mistakes)


@bp.put("/<contract_id>/status", unquote=True)
@openapi.definition(
    body=json_body(status=CONTRACT_STATUS),
    response=[
        answer(202, "told", an_object(id=ID, status=CONTRACT_STATUS)),
        answer(400, "mistakes", MISTAKES),
        answer(404, "no contract can have this id", MISTAKES),
    ],
)
async def change_status(request: Request, contract_id: str, event_emitter: BaseEventEmitter) -> HTTPResponse:
    """Suspend or activate a contract.

    It counts for the payments whose commands are handled after this event.
    """
    if not is_id(contract_id):
        raise NotFound(f"no contract has this id: expected 1 to {LONGEST_ID} characters, none of them NUL")
    status = new_status(request.body)
    event = GenericEvent(_EVENTS[status], {"contract_id": contract_id})
    await event_emitter.send(event, "contract-events", key=contract_id)
    return json({"id": contract_id, "status": status.value}, status=202)


def new_status(body: bytes) -> ContractStatus:
    """Return the status from a JSON body `{"status"}`. Raises InvalidRequestError."""
    fields = Fields(read_object(body))
    status = fields.choice("status", [status.value for status in ContractStatus])
    fields.refuse_others()
    fields.check()
    return ContractStatus(status)
