"""The metrics of one application, as Prometheus reads them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)


class Metrics(CollectorRegistry):
    """A registry of prometheus_client's for one application: give it to metrics of your own as their `registry`.

    It has the process's metrics from the beginning. A collector that fails takes its own metrics from the page and no
    others: `eventy_collector_failures_total` names it, and the log has its traceback, once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._failures: Counter[str] = Counter()
        ProcessCollector(registry=self)

    def register(self, collector: Collector) -> None:
        super().register(_Guarded(collector, self._failures))

    def unregister(self, collector: Collector) -> None:
        super().unregister(_Guarded(collector, self._failures))

    def collect(self) -> Iterable[Metric]:
        yield from super().collect()
        yield failures(self._failures)


def failures(times: Mapping[str, int]) -> Metric:
    """Return the metric of collectors that failed: how often, by their names."""
    failed = CounterMetricFamily(
        "eventy_collector_failures", "How often a collector failed, its metrics missing.", labels=["collector"]
    )
    for collector, often in times.items():
        failed.add_metric([collector], often)
    return failed


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A collector that fails by itself; it equals another one around the same."""

    collector: Collector
    failures: Counter[str] = field(compare=False)

    def describe(self) -> Iterable[Metric]:
        describe = getattr(self.collector, "describe", None)
        described: Iterable[Metric] = describe() if describe is not None else ()
        return described

    def collect(self) -> Iterable[Metric]:
        try:
            return list(self.collector.collect())
        except Exception as error:
            name = self._name()
            self.failures[name] += 1
            if self.failures[name] == 1:
                logger.error("%s failed, so its metrics are missing", name, exc_info=error)
            return []

    def _name(self) -> str:
        """Return what it is called in code, a metric with its own name behind it."""
        kind, metric = type(self.collector), getattr(self.collector, "_name", None)
        return f"{kind.__module__}.{kind.__qualname__}" + (f" {metric}" if metric is not None else "")
