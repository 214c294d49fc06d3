"""Providers of async context managers, such as a database session: entered around the handler."""

from __future__ import annotations

import inspect
from contextlib import AsyncExitStack
from typing import Any

from dependency_injector import providers

from eventy.injection.dependencies import in_force
from eventy.injection.products import maker

# These make a new object for each message. What a singleton keeps for all of them must not be closed after the first.
_MAKES_NEW = (providers.Factory, providers.Callable, providers.MethodCaller)


def is_entered(provider: providers.Provider[Any]) -> bool:
    """Return whether what a provider hands out is an async context manager of one message's own."""
    return any(isinstance(one, _MAKES_NEW) and _makes_context_manager(one) for one in (provider, in_force(provider)))


async def enter(stack: AsyncExitStack, made: Any) -> Any:
    """Return what a context manager gives when entered; what a test overrode it with is taken as it is."""
    return await stack.enter_async_context(made) if hasattr(type(made), "__aenter__") else made


def _makes_context_manager(provider: providers.Provider[Any]) -> bool:
    made_by = maker(provider)
    if isinstance(made_by, type):
        return hasattr(made_by, "__aenter__")
    # @asynccontextmanager leaves a plain function around an async generator.
    return (
        callable(made_by)
        and inspect.isasyncgenfunction(inspect.unwrap(made_by))
        and not inspect.isasyncgenfunction(made_by)
    )
