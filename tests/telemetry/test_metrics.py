"""The registry of an application: what is wrong with one of its metrics is no concern of the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest
from prometheus_client import Counter, Gauge
from prometheus_client.core import Metric

from eventy.telemetry.metrics import Metrics

FAILURES = "eventy_collector_failures_total"


class Failing:
    """A collector that fails half-way, as long as it is told to."""

    is_failing = True

    def collect(self) -> Iterable[Metric]:
        yield Metric("mine", "Mine.", "gauge")
        if self.is_failing:
            raise ConnectionError("the database is away")


def names(registry: Metrics) -> set[str]:
    return {metric.name for metric in registry.collect()}


def test_collector_that_fails_is_named_and_takes_nothing_with_it(caplog: pytest.LogCaptureFixture) -> None:
    registry, failing = Metrics(), Failing()
    registry.register(failing)
    Counter("payments", "Payments.", registry=registry).inc(3)
    for _ in range(2):
        assert "mine" not in names(registry)
    assert registry.get_sample_value("payments_total") == 3
    # That was the third look at it.
    assert registry.get_sample_value(FAILURES, {"collector": f"{__name__}.Failing"}) == 4
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"{__name__}.Failing failed, so its metrics are missing"
    assert record.exc_info is not None
    failing.is_failing = False
    assert "mine" in names(registry)


def test_metric_that_fails_is_named_by_its_own_name() -> None:
    registry = Metrics()
    Gauge("open_files", "Open files.", registry=registry).set_function(lambda: 1 / 0)
    assert "open_files" not in names(registry)
    failed = {"collector": "prometheus_client.metrics.Gauge open_files"}
    assert registry.get_sample_value(FAILURES, failed) == 2


def test_collector_can_be_taken_out_and_put_back() -> None:
    registry = Metrics()
    counter = Counter("payments", "Payments.", registry=registry)
    registry.unregister(counter)
    assert "payments" not in names(registry)
    registry.register(counter)
    assert "payments" in names(registry)
    with pytest.raises(ValueError, match="payments"):
        Counter("payments", "Payments.", registry=registry)


def test_registry_has_the_process_and_knows_nothing_of_another_one() -> None:
    one, other = Metrics(), Metrics()
    Counter("payments", "Payments.", registry=one)
    assert "payments" not in names(other)
    assert {"process_resident_memory_bytes", "process_cpu_seconds"} <= names(other)
