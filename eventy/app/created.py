"""What `create` is given where it can't be called yet, since something else is wrong: that must not hide it."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers

from eventy.app.create import create, created_class
from eventy.consumer.engine import EngineConsumer
from eventy.errors import ConfigurationError
from eventy.injection.dependencies import CALLING
from eventy.injection.wiring import Flaw, Wiring

# What a consumer only keeps when it is made.
_KEPT = ("broker", "serializer", "clock", "scope", "options")


def look_at_created(wiring: Wiring) -> None:
    """Add what is wrong with the arguments of those that aren't built."""
    for provider, path in wiring.walked:
        if isinstance(provider, CALLING) and provider.provides is create and not wiring.is_sound(provider):
            try:
                _look_at(provider, wiring)
            except ConfigurationError as error:
                wiring.spoil(provider, Flaw(path, str(error), error))
            except Exception:  # noqa: BLE001  # a subclass may do more with what isn't there than keep it
                continue


def _look_at(provider: Any, wiring: Wiring) -> None:
    if not provider.args:
        return
    dotted_path: Any = provider.args[0]
    if isinstance(dotted_path, providers.Provider):
        if not wiring.is_sound(dotted_path):
            return
        dotted_path = dotted_path()
    given = {name: None if isinstance(one, providers.Provider) else one for name, one in provider.kwargs.items()}
    found: Any = created_class(dotted_path, given)
    unknown = [name for name, one in provider.kwargs.items() if isinstance(one, providers.Provider)]
    if issubclass(found, EngineConsumer) and set(unknown) <= set(_KEPT):
        found(**given)
