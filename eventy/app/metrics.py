"""What an application tells of itself and its components as metrics."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from textwrap import shorten
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from eventy.app.base import Reporting
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.metrics import metrics_of
from eventy.errors import ConfigurationError
from eventy.telemetry.metrics import failures


class ApplicationCollector:
    """Reads the components when it is asked.

    Parameters
        components: by what they are called.
    """

    def __init__(self, components: Mapping[str, object]) -> None:
        self._components = components

    def describe(self) -> Iterator[Metric]:
        """Yield all metrics without values, for their names; also that one which the registry itself adds to them."""
        yield from ApplicationCollector({}).collect()
        yield failures({})

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("eventy_build", "What the application runs on.", _build())
        ready = GaugeMetricFamily("eventy_component_ready", "Whether a component is ready.", labels=["component"])
        for name, component in self._components.items():
            if isinstance(component, Reporting):
                ready.add_metric([name], component.readiness() is None)
        yield ready
        yield from metrics_of({name: one for name, one in self._components.items() if isinstance(one, EngineConsumer)})


@contextmanager
def measured(registry: CollectorRegistry, components: Mapping[str, object]) -> Iterator[None]:
    """Have a registry tell of components inside a block.

    Raises ConfigurationError when it has metrics of these names already.
    """
    collector = ApplicationCollector(components)
    try:
        registry.register(collector)
    except ValueError as error:
        raise ConfigurationError(
            f"metrics: the registry has names of eventy's already: {shorten(str(error), 200)}. A registry is one "
            "running application's: make another one, providers.Singleton(Metrics), and call metrics of your own "
            "something else"
        ) from error
    try:
        yield
    finally:
        registry.unregister(collector)


def refuse_taken(registry: CollectorRegistry) -> None:
    """Raise ConfigurationError when a registry has metrics of an application's names."""
    with measured(registry, {}):
        pass


def called(components: Sequence[Any], objects: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return components by what the container calls them; those without a name there, by what they call themselves.

    Parameters
        objects: what the container has, with what it is called.
    """
    paths = {id(made): path for path, made in reversed(list(objects))}
    names: dict[str, object] = {}
    for component in components:
        name = base = paths.get(id(component)) or str(getattr(component, "name", type(component).__name__))
        number = 1
        while name in names:
            number += 1
            name = f"{base} {number}"
        names[name] = component
    return names


def _build() -> dict[str, str]:
    try:
        found = version("eventy")
    except PackageNotFoundError:  # copied, not installed
        found = "unknown"
    return {"version": found, "python": platform.python_version()}
