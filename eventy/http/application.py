"""What the server needs of the application that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry

from eventy.injection import Container


class Application(Protocol):
    """The application, as far as HTTP knows it."""

    @property
    def container(self) -> Container:
        """The root container: where routes get their parameters from."""
        ...

    @property
    def metrics(self) -> CollectorRegistry:
        """What it counts."""
        ...

    def readiness(self) -> Mapping[str, str]:
        """Return why components aren't ready, by their names; empty when all of them are."""
        ...
