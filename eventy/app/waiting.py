"""Knows the applications that have something to run once they start, so that it can be closed when they never will."""

from __future__ import annotations

from typing import Any, Protocol
from weakref import WeakSet


class Waiting(Protocol):
    """An application whose tasks wait for its start."""

    container: Any

    def drop_tasks(self) -> None: ...


_known: WeakSet[Waiting] = WeakSet()


def remember(app: Waiting) -> None:
    """Know an application, as long as there is anybody who has it."""
    _known.add(app)


def drop_tasks_of(container: object) -> None:
    """Close what applications of a container were to run, before they are dropped with its singletons."""
    for app in tuple(_known):
        if app.container is container:
            app.drop_tasks()
