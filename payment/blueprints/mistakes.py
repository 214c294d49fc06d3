"""The answer to a request that can't be used."""

from __future__ import annotations

from dataclasses import asdict

from sanic import HTTPResponse, Request, json

from payment.errors import InvalidRequestError


async def answer_mistakes(request: Request, error: InvalidRequestError) -> HTTPResponse:
    """Return 400 `{"errors": [{"field", "message"}, …]}`."""
    return json({"errors": [asdict(mistake) for mistake in error.mistakes]}, status=400)
