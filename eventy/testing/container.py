"""A service's container, as tests run it: what it must have, and the settings that put other backends into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eventy.app.waiting import drop_tasks_of
from eventy.consumer.base import BaseEventConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.injection.singletons import rebuilt
from eventy.testing.errors import HarnessError


def check_names(container: Any, names: Sequence[str], *, wanted_by: str) -> None:
    """Raise HarnessError for a container that lacks one of the names that are relied on."""
    if missing := [name for name in names if name not in getattr(container, "providers", ())]:
        raise HarnessError(
            f"{type(container).__name__} has no {', '.join(missing)}: {wanted_by} wants a root container that has "
            f"{', '.join(names)} under these names"
        )


@contextmanager
def built_anew(container: Any) -> Iterator[None]:
    """Have singletons built anew inside a block, and dropped after it, with what their applications were to run."""
    drop_tasks_of(container)
    with rebuilt(container):
        try:
            yield
        finally:
            drop_tasks_of(container)


def settings_with(
    container: Any,
    *,
    consumer: type[BaseEventConsumer],
    emitter: type[BaseEventEmitter],
    bootstrap: str | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return a container's settings, with these backends in place of its own, and HTTP on a free port of this machine.

    Parameters
        bootstrap: the address of a Kafka broker, if it runs on one.
        more: other settings to change.
    """
    return {
        **container.config(),
        "event_consumer": f"{consumer.__module__}.{consumer.__qualname__}",
        "event_emitter": f"{emitter.__module__}.{emitter.__qualname__}",
        "kafka_bootstrap_server": bootstrap,
        "http_handler_host": "127.0.0.1",
        "http_handler_port": 0,
        **more,
    }
