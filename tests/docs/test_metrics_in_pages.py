"""The guide lists every metric as `/metrics` shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from containers.application import create_container
from eventy.app.settings import Settings
from eventy.testing.harness import Harness
from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "guide" / "metrics.md"


class Failing:
    """So that failures have a sample, too."""

    def collect(self) -> Iterable[Metric]:
        raise ConnectionError


def row(metric: Metric) -> str:
    """What a failing assertion shows is what to write there."""
    (name,) = {sample.name for sample in metric.samples}
    kind = "info" if name.endswith("_info") else metric.type
    labels = dict.fromkeys(label for sample in metric.samples for label in sample.labels)
    return f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {metric.documentation} |"


def ours(metrics: Iterable[Metric]) -> Iterator[Metric]:
    return (metric for metric in metrics if metric.name.startswith(("eventy_", "process_")))


async def test_page_has_a_row_for_every_metric_in_the_order_of_the_page(tmp_path: Path) -> None:
    container = create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))
    async with Harness(container):
        container.metrics().register(Failing())
        shown = text_string_to_metric_families(generate_latest(container.metrics()).decode())
        expected = [row(metric) for metric in ours(shown)]
    assert [line for line in prose(PAGE) if line.startswith(("| `eventy_", "| `process_"))] == expected
