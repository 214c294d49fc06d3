"""What surrounds one attempt at a message, a database transaction for example."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from eventy.errors import ConfigurationError

#: Makes what is entered around one attempt: left when its handlers have returned, or by their error.
Scope = Callable[[], AbstractAsyncContextManager[object]]


def check_scope(scope: object) -> None:
    """Raise ConfigurationError for what can't be opened around each attempt; None is no scope.

    Every message would fail by it, but only when it comes.
    """
    if scope is not None and (found := _mistake(scope)) is not None:
        raise ConfigurationError(
            f"scope is {scope!r}, {found}, expected what makes an async context manager each time it is called, "
            "without arguments: scope=database.transaction, or scope=database.provided.transaction in a container"
        )


def _mistake(scope: object) -> str | None:
    if not callable(scope):
        return "which can't be called"
    functions = [inspect.unwrap(one) for one in _called(scope)]
    if any(map(inspect.iscoroutinefunction, functions)):
        return "an async function"
    if any(map(inspect.isasyncgenfunction, _called(scope))):
        return "an async generator: decorate it with @asynccontextmanager"
    if any(map(inspect.isgeneratorfunction, functions)):
        return "which isn't async"
    if isinstance(scope, type) and not hasattr(scope, "__aenter__"):
        return "a class without __aenter__"
    return None if _can_be_called(scope) else "which can't be called without arguments, as a transaction that is open"


def _called(scope: Any) -> tuple[Any, ...]:
    """Return what is called: the function of a method, and of an object its class's."""
    function = getattr(scope, "__func__", scope)
    return function, getattr(type(scope), "__call__", function)  # noqa: B004  # the function itself is wanted


def _can_be_called(scope: Callable[..., object]) -> bool:
    try:
        inspect.signature(scope).bind()
    except TypeError:
        return False
    except ValueError:  # of something built in, whose signature nobody knows
        return True
    return True
