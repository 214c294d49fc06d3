"""Checks an application without starting it: `check(create_container(Settings()))` in a test, or `eventy check`."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable
from typing import Any

from dependency_injector.errors import Error as DependencyInjectorError

from eventy.app.examination import examine
from eventy.app.loop import inside_loop
from eventy.app.settings.table import VARIABLES, Settings
from eventy.app.waiting import drop_tasks_of
from eventy.errors import ConfigurationError, SettingsError, WiringError
from eventy.injection.singletons import raised_at, rebuilt

logger = logging.getLogger(__name__)

_VARIABLE = re.compile(r"\b[A-Z]+_[A-Z_]+\b")
# One of them is judged by the others, so that none can be kept when any is wrong.
_BACKENDS = ("EVENTY_EVENT_CONSUMER", "EVENTY_EVENT_EMITTER", "KAFKA_BOOTSTRAP_SERVER")


def check(container: Any) -> None:
    """Build and verify an application without starting or connecting anything.

    The singletons are built anew for it, inside the loop that runs or one of its own, and dropped after it. An
    application that was built before is dropped with them, and what `add_task` has given it is closed. What is worth a
    look, but may be meant so, is logged as a warning.

    Parameters
        container: the root container, with its `app`.

    Raises WiringError with everything that is wrong; `mistakes` has a text for each.
    """
    drop_tasks_of(container)
    with rebuilt(container):
        examination = inside_loop(lambda: examine(container))
        examination.look_at_log()
        examination.drop_tasks()
        examination.raise_any()
        for note in examination.notes:
            logger.warning("%s", note)


def build_app(container: Any) -> Any:
    """Return the application of a container, built but not started. Call it inside the loop that it will run in.

    Raises WiringError with everything that is wrong, where `container.app()` would stop at the first.
    """
    examination = examine(container, with_routes=False, opens_resources=True)
    examination.raise_any()
    return examination.app


def made_by(create_container: Callable[..., Any]) -> Any:
    """Return the container that a function makes.

    When it raises SettingsError and has a parameter `settings`, the container is looked at nevertheless, with the
    settings that are right: a WiringError then has what is wrong beside them, too.

    Raises ConfigurationError for what is no container or can't be made, and what else the function raises.
    """
    name = getattr(create_container, "__qualname__", repr(create_container))
    try:
        container = create_container()
    except SettingsError as error:
        if others := _beside_settings(create_container, error):
            raise WiringError([*error.mistakes, *others]) from error
        raise
    except DependencyInjectorError as error:
        raise ConfigurationError(f"the container can't be made: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(
            f"{name}() calls itself without end{raised_at(error)}. Where that is container.app(), providers are built "
            "with each other in a circle: call build_app(container), of eventy.app.check, which tells them"
        ) from error
    if inspect.iscoroutine(container):
        container.close()
        raise ConfigurationError(f"{name}() is async, expected a function that returns a container: write def")
    if not hasattr(container, "providers"):
        raise ConfigurationError(
            f"{name}() returned {container!r}, expected a container with a provider `app`: "
            "add app = providers.Singleton(Eventy, container=__self__, components=…)"
        )
    return container


def _beside_settings(create_container: Callable[..., Any], error: SettingsError) -> tuple[str, ...]:
    """Return what is wrong beside the settings."""
    if "settings" not in inspect.signature(create_container).parameters:
        return ()
    wrong = {name for mistake in error.mistakes for name in _VARIABLE.findall(mistake)}
    if wrong.intersection(_BACKENDS):
        wrong.update(_BACKENDS)
    values: Any = {field: value for field, value in error.values.items() if field not in map(_field, wrong)}
    try:
        examination = examine(create_container(settings=Settings(**values)))
        found = examination.mistakes
        examination.drop_tasks()
    except WiringError as others:
        found = others.mistakes
    except Exception:  # noqa: BLE001  # it isn't made of what was set: the settings come first
        return ()
    # What the defaults of wrong settings lead to isn't anybody's mistake.
    return tuple(mistake for mistake in found if not wrong.intersection(_VARIABLE.findall(mistake)))


def _field(variable: str) -> str:
    return VARIABLES[variable].field if variable in VARIABLES else ""
