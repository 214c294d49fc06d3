"""The words of the OpenAPI pages: bodies and answers, as JSON schemas. Summaries come from the routes' docstrings."""

from __future__ import annotations

from sanic_ext.extensions.openapi.definitions import RequestBody, Response

from payment.blueprints.body import LARGEST_INTEGER, LONGEST_ID
from payment.model import CURRENCIES, ContractStatus, PaymentStatus

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
ID: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
AMOUNT: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_INTEGER, "description": "in minor units"}
CURRENCY: Schema = {"type": "string", "enum": list(CURRENCIES)}
CONTRACT_STATUS: Schema = {"type": "string", "enum": [status.value for status in ContractStatus]}
PAYMENT_STATUS: Schema = {"type": "string", "enum": [status.value for status in PaymentStatus]}


def an_object(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def a_list(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def json_body(**properties: Schema) -> RequestBody:
    """Return a request's body: an object that has all of these."""
    return RequestBody({"application/json": {"schema": an_object(**properties)}}, required=True)


def answer(status: int, description: str, schema: Schema) -> Response:
    """Return an answer in JSON."""
    return Response({"application/json": {"schema": schema}}, status, description)


PAYMENT = an_object(id=ID, contract_id=ID, amount=AMOUNT, currency=CURRENCY, status=PAYMENT_STATUS)
MISTAKES = an_object(errors=a_list(an_object(field=TEXT, message=TEXT)))
