"""Providers of async context managers, such as a database session: entered around the handler."""

from __future__ import annotations

import inspect
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

from dependency_injector import providers

from eventy.errors import unswallowed
from eventy.injection.products import in_force, maker, origin_of

# What these make is one message's own. What a singleton keeps for all of them must not be closed after the first.
_MAKES_NEW = (providers.Factory, providers.Callable, providers.MethodCaller)


class Entered(AsyncExitStack):
    """What is entered around a handler. None of it can swallow an error: the message would count as handled."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if await super().__aexit__(kind, error, trace) and error is not None:
            unswallowed(error)
        return False


def is_entered(provider: providers.Provider[Any]) -> bool:
    """Return whether what a provider hands out is an async context manager of one message's own."""
    return any(_makes_context_manager(one) is True for one in _makers(provider))


def may_be_entered(provider: providers.Provider[Any]) -> bool:
    """Return whether it may be one: of a function nobody knows what it makes before it is called."""
    return any(_makes_context_manager(one) is not False for one in _makers(provider))


def _makers(provider: providers.Provider[Any]) -> list[providers.Provider[Any]]:
    return [one for one in (origin_of(provider), in_force(provider)) if isinstance(one, _MAKES_NEW)]


async def enter(stack: AsyncExitStack, made: Any) -> Any:
    """Return what a context manager gives when entered; anything else is taken as it is."""
    return await stack.enter_async_context(made) if hasattr(type(made), "__aenter__") else made


def _makes_context_manager(provider: providers.Provider[Any]) -> bool | None:
    made_by = maker(provider)
    if isinstance(made_by, type):
        return hasattr(made_by, "__aenter__")
    # @asynccontextmanager leaves a plain function around an async generator.
    if callable(made_by) and inspect.isasyncgenfunction(inspect.unwrap(made_by)):
        return not inspect.isasyncgenfunction(made_by)
    return None
