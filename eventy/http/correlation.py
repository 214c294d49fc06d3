"""The correlation id of a request: the client's, else a new one; the response tells it."""

from __future__ import annotations

from typing import Any

from sanic import HTTPResponse, Request, Sanic

from eventy.clock import Clock
from eventy.message.context import request_corr_id
from eventy.message.headers import HTTP_CORRELATION_ID

# Characters of an id that is taken over. It goes into logs, headers and messages.
_LONGEST = 128
# Before any middleware of the user's on the way in, after it on the way out.
_OUTERMOST = 1_000_000


def correlate(server: Sanic[Any, Any], clock: Clock) -> None:
    """Give each request of a server its correlation id."""

    async def begin(request: Request[Any, Any]) -> None:
        given = request.headers.get(HTTP_CORRELATION_ID, "")
        request.ctx.corr_id = given if _is_fit(given) else clock.new_id()
        # A connection is one task that serves many requests, so this is said again for each.
        request_corr_id.set(request.ctx.corr_id)

    async def end(request: Request[Any, Any], response: HTTPResponse) -> None:
        corr_id = getattr(request.ctx, "corr_id", None)
        if corr_id and hasattr(response, "headers"):  # a handler may have returned something that is no response
            response.headers[HTTP_CORRELATION_ID] = corr_id

    server.on_request(begin, priority=_OUTERMOST)
    server.on_response(end, priority=-_OUTERMOST)  # type: ignore[no-untyped-call]  # Sanic gives it no types


def _is_fit(given: str) -> bool:
    return 0 < len(given) <= _LONGEST and given.isascii() and given.isprintable()
