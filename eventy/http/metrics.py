"""`/metrics`: what the application counts, for Prometheus."""

from __future__ import annotations

from typing import Any

from prometheus_client.exposition import choose_encoder
from sanic import HTTPResponse, Request
from sanic.response import raw

from eventy.http.request import application_of


async def metrics(request: Request[Any, Any]) -> HTTPResponse:
    """Show the metrics, in Prometheus's text format or in OpenMetrics, as is asked for."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return raw(encode(application_of(request.app).metrics), content_type=content_type)
