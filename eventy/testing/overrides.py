"""Overrides of providers end with the test that made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dependency_injector import providers

from eventy.errors import EventyError


class OverrideError(EventyError, AssertionError):
    """An override outlives its test."""


@contextmanager
def overrides_undone(container: Any) -> Iterator[None]:
    """Undo the overrides that the body makes and doesn't undo itself. Raises OverrideError, naming each provider.

    Parameters
        container: the root container. Nested containers are looked into, and so is its class.
    """
    found = list(_providers(container))
    before = [provider.overridden for _, provider in found]
    yield
    left = []
    for (name, provider), overriding in zip(found, before, strict=True):
        if provider.overridden[: len(overriding)] == overriding and len(provider.overridden) > len(overriding):
            left.append(name)
            while len(provider.overridden) > len(overriding):
                provider.reset_last_overriding()
    if left:
        names = "\n".join(f"  {name}" for name in dict.fromkeys(left))
        raise OverrideError(
            f"an override outlives its test; it is undone now, make it by `with …override(…):`\n{names}"
        )


def _providers(container: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, provider in container.providers.items():
        yield f"{path}{name}", provider
        if isinstance(provider, providers.Container):
            yield from _providers(provider, f"{path}{name}.")
    if isinstance(parent := getattr(container, "declarative_parent", None), type):
        yield from _providers(parent, f"{parent.__name__}.")  # containers that are made later copy its overrides
