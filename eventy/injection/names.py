"""Names that a provider of the root container can't have."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container, DeclarativeContainer, DynamicContainer

from eventy.errors import InjectionError
from eventy.injection.mistakes import Mistakes
from eventy.injection.products import in_force, made_class

_OF_CONTAINERS = frozenset(dir(DynamicContainer()) + dir(DeclarativeContainer))
_OF_MESSAGES = frozenset(("corr_id", "context"))


def check_names(container: Container, app: object) -> None:
    """Raise InjectionError for providers whose names mean something else.

    Parameters
        container: the root container; `app` in it may only be the provider of the application.
        app: the application; None: it isn't known yet, so that nothing called `app` is judged.
    """
    mistakes = Mistakes()
    for name, provider in container.providers.items():
        with mistakes.collected():
            if name in _OF_MESSAGES:
                raise InjectionError(
                    f"a provider is called {name!r}, which every handler takes for its message's: rename it"
                )
            if name in _OF_CONTAINERS:
                raise InjectionError(f"a provider is called {name!r}, which hides the container's attribute: rename it")
            if name == "app" and app is not None and not _may_make(provider, app):
                raise InjectionError("a provider is called 'app', which is the application to every handler: rename it")
    mistakes.raise_any()


def _may_make(provider: providers.Provider[Any], app: object) -> bool:
    answering = in_force(provider)
    if type(answering) is providers.Object:
        return answering.provides is app
    made = made_class(answering)
    return made is not None and isinstance(app, made)
