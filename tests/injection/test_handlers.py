"""What can be a handler."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import compile_handler, compile_handlers
from tests.injection.application import Emitter, Repository, a_container, run

APP = object()
seen: list[Any] = []
Handler = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


def _logged(handler: Handler) -> Handler:
    @functools.wraps(handler)
    async def wrapper(*args: Any, **kwargs: Any) -> None:
        seen.append("logged")
        await handler(*args, **kwargs)

    return wrapper


def _passed_on(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def wrapper(*args: Any, **kwargs: Any) -> Awaitable[None]:
        return handler(*args, **kwargs)

    return wrapper


async def _handler(event: BaseEvent, limit: int, draft: Repository) -> None:
    seen.extend((limit, type(draft)))


class _Callable:
    async def __call__(self, event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))

    async def method(self, event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))


async def test_decorated_function() -> None:
    @_logged
    async def handler(event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == ["logged", Repository]


async def test_function_behind_a_decorator_that_is_not_async() -> None:
    @_passed_on
    async def handler(event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [Repository]


async def test_partial() -> None:
    await run(compile_handler(functools.partial(_handler, limit=5), a_container(), APP))
    assert seen == [5, Repository]


async def test_partial_that_is_named_after_its_function() -> None:
    handler = functools.update_wrapper(functools.partial(_handler, limit=5), _handler)
    await run(compile_handler(handler, a_container(), APP))
    assert seen == [5, Repository]


@pytest.mark.parametrize("handler", [_Callable(), _Callable().method])
async def test_callable_object_and_bound_method(handler: Handler) -> None:
    await run(compile_handler(handler, a_container(), APP))
    assert seen == [Repository]


async def test_base_event_does_nothing() -> None:
    await run(compile_handler(BaseEvent.handle, a_container(), APP))


def _says(handler: Any) -> str:
    with pytest.raises(InjectionError) as raised:
        compile_handler(handler, a_container(), APP)
    return str(raised.value)


def test_sync_function_is_refused() -> None:
    def handler(event: BaseEvent) -> None: ...

    line = handler.__code__.co_firstlineno
    assert _says(handler) == (
        f"test_sync_function_is_refused.<locals>.handler ({__file__}:{line}) is not async: "
        f"write `async def` without yield"
    )


def test_async_generator_is_refused() -> None:
    async def handler(event: BaseEvent) -> AsyncIterator[int]:
        yield 1

    assert "is an async generator: write `async def` without yield" in _says(handler)


def test_class_is_no_handler() -> None:
    assert "is not async" in _says(_Callable)


def test_handler_without_room_for_the_event_is_refused() -> None:
    async def handler(*, draft: Repository) -> None: ...

    assert "handler (" in (said := _says(handler))
    assert said.endswith("doesn't take the event: make it positional parameter 1")


async def test_handler_may_take_the_event_among_any_number_of_arguments() -> None:
    async def handler(*args: object) -> None:
        seen.extend(args)

    await run(compile_handler(handler, a_container(), APP))
    assert isinstance(seen[0], BaseEvent)


def test_mistakes_of_several_handlers_come_together() -> None:
    async def first(event: BaseEvent, xyzzy: int) -> None: ...

    def second(event: BaseEvent) -> None: ...

    with pytest.raises(InjectionError) as raised:
        compile_handlers((first, second), a_container(), APP)  # type: ignore[arg-type]  # the mistake
    one, other = str(raised.value).splitlines()
    assert "'xyzzy: int'" in one
    assert "is not async" in other


async def test_call_says_in_tracebacks_whose_it_is() -> None:
    async def handler(event: BaseEvent, event_emitter: Emitter) -> None: ...

    call: Any = compile_handler(handler, a_container(), APP)
    assert call.__code__.co_filename.startswith("<call of test_call_says_in_tracebacks")
    await run(call)
