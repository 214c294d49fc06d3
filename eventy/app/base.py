"""The contracts of an application and of its components."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable


class BaseApp(ABC):
    """Holds everything by name."""

    @abstractmethod
    def get(self, name: str) -> Any:
        """Return what is called so. Raises UnknownNameError, which is a LookupError."""

    @abstractmethod
    def set(self, name: str, value: object) -> None:
        """Call something so; handlers can ask for it by this name."""


class Component(Protocol):
    """What an application starts and stops, a database for example."""

    async def start(self) -> None:
        """Begin; clean up when that fails."""
        ...

    async def stop(self) -> None:
        """Finish. When cancelled: at once."""
        ...


@runtime_checkable
class Supervised(Protocol):
    """A component that can fail later."""

    async def wait(self) -> None:
        """Return when stopped; raise what ended the component otherwise."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A component that isn't always ready."""

    def readiness(self) -> str | None:
        """Return None when ready, else the reason why not."""
        ...
