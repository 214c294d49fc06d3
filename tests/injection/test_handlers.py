"""What can be a handler."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from dependency_injector.wiring import inject

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers
from tests.injection.application import (
    APP,
    Emitter,
    Repository,
    SqlRepository,
    a_container,
    run,
    said_of,
)

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


async def test_what_a_partial_binds_is_left_alone_whatever_it_is_called() -> None:
    async def handler(event: BaseEvent, corr_id: str, it: Annotated[object, Provide["draft"]], draft: object) -> None:
        seen.extend((corr_id, it, type(draft)))

    await run(compile_handler(functools.partial(handler, corr_id="mine", it="fake"), a_container(), APP))
    assert seen == ["mine", "fake", Repository]


async def test_partial_method() -> None:
    class Reject(BaseEvent):
        async def _handle(self, how: str, draft: Repository) -> None:
            seen.extend((how, type(draft)))

        softly = functools.partialmethod(_handle, "softly")

    await run(compile_handler(Reject.softly, a_container(), APP))
    assert seen == ["softly", Repository]


async def test_decorated_by_inject_of_the_library() -> None:
    @inject
    async def handler(event: BaseEvent, payment_repository: Repository, it: Repository = Provide["draft"]) -> None:
        seen.extend((type(payment_repository), type(it)))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [SqlRepository, Repository]


async def test_static_call_of_an_object_and_static_method_of_a_class() -> None:
    class Handlers:
        @staticmethod
        async def __call__(event: BaseEvent, draft: Repository) -> None:
            seen.append(type(draft))

        @staticmethod
        async def static(event: BaseEvent, draft: Repository) -> None:
            seen.append(type(draft))

        @classmethod
        async def of_class(cls, event: BaseEvent, draft: Repository) -> None:
            seen.append(type(draft))

    for handler in (Handlers(), Handlers.static, Handlers().static, Handlers.__dict__["static"], Handlers.of_class):
        await run(compile_handler(handler, a_container(), APP))
    assert seen == [Repository] * 5


async def test_keyword_only_parameters_and_those_after_any_number() -> None:
    async def handler(event: BaseEvent, /, *args: object, draft: Repository, corr_id: str, **kwargs: object) -> None:
        seen.extend((args, type(draft), corr_id, kwargs))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [(), Repository, "c-1", {}]


@pytest.mark.parametrize("handler", [_Callable(), _Callable().method])
async def test_callable_object_and_bound_method(handler: Handler) -> None:
    await run(compile_handler(handler, a_container(), APP))
    assert seen == [Repository]


async def test_annotations_of_a_callable_object_are_those_of_its_call() -> None:
    class Marked:
        async def __call__(self, event: BaseEvent, it: Annotated[Repository, Provide["draft"]]) -> None:
            seen.append(type(it))

    class Misspelt:
        async def __call__(self, event: BaseEvent, drafts: Repository) -> None: ...

    await run(compile_handler(Marked(), a_container(), APP))
    assert seen == [Repository]
    line = Misspelt.__call__.__code__.co_firstlineno
    assert f"Misspelt.__call__ ({__file__}:{line}): parameter 'drafts: Repository': " in said_of(Misspelt())


async def test_base_event_does_nothing() -> None:
    await run(compile_handler(BaseEvent.handle, a_container(), APP))


def test_sync_function_is_refused() -> None:
    def handler(event: BaseEvent) -> None: ...

    line = handler.__code__.co_firstlineno
    assert said_of(handler) == (
        f"test_sync_function_is_refused.<locals>.handler ({__file__}:{line}) is not async: "
        f"write `async def` without yield"
    )


def test_async_generator_is_refused() -> None:
    async def handler(event: BaseEvent) -> AsyncIterator[int]:
        yield 1

    assert "is an async generator: write `async def` without yield" in said_of(handler)


def test_decorated_async_generator_is_refused() -> None:
    @asynccontextmanager
    async def handler(event: BaseEvent) -> AsyncIterator[int]:
        yield 1

    assert "is an async generator: write `async def` without yield" in said_of(handler)


def test_lambda_is_refused_although_it_returns_what_can_be_awaited() -> None:
    assert "<lambda> (" in (said := said_of(lambda event: _handler(event, 1, Repository())))
    assert said.endswith("is not async: write `async def` without yield")


def test_class_is_no_handler() -> None:
    assert "_Callable is a class, not async: pass an object of it" in said_of(_Callable)


def test_handler_without_room_for_the_event_is_refused() -> None:
    async def handler(*, draft: Repository) -> None: ...

    assert "handler (" in (said := said_of(handler))
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
