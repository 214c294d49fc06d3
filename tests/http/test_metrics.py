"""`/metrics`, as Prometheus asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format
from sanic import Blueprint, HTTPResponse, Request, text

from eventy.telemetry.metrics import Metrics
from tests.http.serving import App, ask, served

# What a Prometheus 3 asks for.
OPEN_METRICS = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2"


@pytest.mark.parametrize(
    ("accept", "kind", "parse"),
    [("*/*", "text/plain", text_format), (OPEN_METRICS, "application/openmetrics-text", open_metrics)],
)
async def test_answers_in_the_format_that_is_asked_for(accept: str, kind: str, parse: Any) -> None:
    app = App()
    Counter("payments", "Payments.", registry=app.metrics).inc(2)
    async with served(app=app) as server:
        answer = await ask(server, "/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(f"{kind}; version=")
    found = {sample.name: sample.value for metric in parse(answer.text) for sample in metric.samples}
    assert found["payments_total"] == 2


@pytest.mark.parametrize(("uri", "is_theirs"), [("/metrics", True), ("/<rest:path>", False), ("/metrics/<x>", False)])
async def test_route_of_the_users_wins(uri: str, is_theirs: bool) -> None:
    blueprint = Blueprint("own")

    @blueprint.get(uri)
    async def own(request: Request[Any, Any], **path: str) -> HTTPResponse:
        return text("own")

    async with served(blueprint) as server:
        assert ((await ask(server, "/metrics")).text == "own") is is_theirs


@pytest.mark.parametrize(("registry", "status"), [(Metrics, 200), (CollectorRegistry, 500)])
async def test_collector_that_fails_breaks_the_page_of_a_registry_that_does_not_guard_it(
    registry: type[CollectorRegistry], status: int
) -> None:
    app = App()
    app.metrics = registry()
    Gauge("stored", "Stored.", registry=app.metrics).set_function(lambda: 1 / 0)
    async with served(app=app) as server:
        answer = await ask(server, "/metrics")
    assert answer.status_code == status
