"""`/statistics`: the view that the events build up."""

from __future__ import annotations

from typing import Annotated

from sanic import Blueprint, HTTPResponse, Request, json
from sanic_ext import openapi

from eventy.injection import Provide
from payment.blueprints.documentation import COUNT, an_object, answer
from payment.statistics import PaymentStatistics

bp = Blueprint("statistics", url_prefix="/statistics")


@bp.get("")
@openapi.definition(
    response=[answer(200, "payments by status", an_object(created=COUNT, confirmed=COUNT, rejected=COUNT))]
)
async def get_statistics(
    request: Request, statistics: Annotated[PaymentStatistics, Provide["payment_statistics"]]
) -> HTTPResponse:
    """Count the payments of each status.

    `{"created", "confirmed", "rejected"}`, as far as their events have come.
    """
    return json(statistics.counts())
