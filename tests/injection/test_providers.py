"""Providers that need care: classes handed out, things to await, async context managers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from dependency_injector import providers
from dependency_injector.resources import AsyncResource

from eventy.errors import InjectionError, WiringError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers
from tests.injection.application import (
    APP,
    Emitter,
    Repository,
    a_container,
    a_container_with,
    run,
    start,
)

log: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_logged() -> None:
    log.clear()


@asynccontextmanager
async def open_session(name: str = "session") -> AsyncIterator[str]:
    log.append(f"open {name}")
    try:
        yield name
    except BaseException:
        log.append(f"roll back {name}")
        raise
    else:
        log.append(f"commit {name}")


class Session:
    async def __aenter__(self) -> Self:
        log.append("open")
        return self

    async def __aexit__(self, *error: object) -> None:
        log.append("close")


class Database:
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[str]:
        log.append("begin")
        yield "transaction"
        log.append("commit")


def _made(by: Callable[[], Any]) -> Any:
    return by()


async def connect() -> Emitter:
    return Emitter()


async def connections() -> AsyncIterator[Emitter]:
    yield Emitter()


class Connection(AsyncResource[Emitter]):
    """A resource that is opened asynchronously."""


def _with_attribute(provider: Any, value: providers.Provider[Any]) -> providers.Provider[Any]:
    provider.add_attributes(topic=value)
    return provider  # type: ignore[no-any-return]  # what was given


async def _takes(event: BaseEvent, it: Any) -> None:
    log.append(it)


# ---------------------------------------------------------------- a class, not an instance


async def test_override_with_a_class_is_refused_at_start() -> None:
    async def handler(event: BaseEvent, payment_repository: Repository) -> None: ...

    container = a_container()
    with (
        container.payment_repository.override(Emitter),
        pytest.raises(InjectionError, match="handler → payment_repository: ") as raised,
    ):
        start(handler, container)
    assert (
        ": is overridden with the class Emitter, which is handed out as it is, not as an instance: "
        "override it with providers.Factory(Emitter) or providers.Object(Emitter(…))"
    ) in str(raised.value)


async def test_override_with_a_class_is_refused_later_as_well() -> None:
    async def handler(event: BaseEvent, payment_repository: Repository) -> None: ...

    container = a_container()
    call = compile_handler(handler, container, APP)
    with (
        container.payment_repository.override(Emitter),
        pytest.raises(InjectionError, match="overridden with the class Emitter, which is handed out as it is"),
    ):
        await run(call)
    await run(call)


async def test_class_is_handed_out_where_one_is_asked_for() -> None:
    async def handler(event: BaseEvent, it: type[Repository]) -> None:
        log.append(it)

    await run(compile_handler(handler, a_container_with(it=providers.Object(Repository)), APP))
    assert log == [Repository]


async def test_function_may_make_a_class() -> None:
    await run(compile_handler(_takes, a_container_with(it=providers.Singleton(lambda: Repository)), APP))
    assert log == [Repository]


# ---------------------------------------------------------------- things to await


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        (providers.Coroutine(connect), "_takes → it: must be awaited, as a Coroutine of the async connect"),
        (providers.Factory(connect), "_takes → it: must be awaited, as a Factory of the async connect"),
        (providers.Singleton(connect), "_takes → it: is a singleton of the async connect"),
        (providers.Factory(connections), "_takes → it: must be awaited, as a Factory of the async connections"),
        (providers.Resource(connections), "_takes → it: must be awaited, as a Resource of the async connections"),
        (providers.Resource(Connection), "_takes → it: must be awaited, as a Resource of the async Connection"),
        (
            providers.Singleton(dict, emitter=providers.Coroutine(connect)),
            "_takes → it → Coroutine(connect): must be awaited",
        ),
        (providers.List(providers.Coroutine(connect)), "_takes → it → Coroutine(connect): must be awaited"),
        (providers.Coroutine(connect).provided.topic, "_takes → it → Coroutine(connect): must be awaited"),
        (
            providers.Selector(providers.Object("a"), a=providers.Coroutine(connect)),
            "_takes → it → Coroutine(connect): must be awaited",
        ),
        (
            _with_attribute(providers.Factory(Emitter), providers.Coroutine(connect)),
            "_takes → it → Coroutine(connect): must be awaited",
        ),
        (
            providers.Dict(a=providers.List(providers.Singleton(connect))),
            "_takes → it → Singleton(connect): is a singleton of the async connect",
        ),
    ],
)
def test_provider_that_must_be_awaited_is_refused(provider: providers.Provider[Any], said: str) -> None:
    with pytest.raises(WiringError) as raised:
        start(_takes, a_container_with(it=provider))
    (mistake,) = raised.value.mistakes
    assert mistake.startswith(said)


async def test_provider_of_a_provider_may_be_awaited_by_whoever_gets_it() -> None:
    provider: Any = providers.Singleton(dict, connect=providers.Coroutine(connect).provider)
    await run(compile_handler(_takes, a_container_with(it=provider), APP))


# ---------------------------------------------------------------- async context managers


async def test_context_manager_is_open_while_the_handler_runs() -> None:
    call = compile_handler(_takes, a_container_with(it=providers.Factory(open_session)), APP)
    await run(call)
    await run(call)
    assert log == ["open session", "session", "commit session"] * 2


async def test_context_manager_is_told_of_a_failure() -> None:
    async def handler(event: BaseEvent, it: str) -> None:
        raise OSError(it)

    with pytest.raises(OSError, match="session"):
        await run(compile_handler(handler, a_container_with(it=providers.Factory(open_session)), APP))
    assert log == ["open session", "roll back session"]


@pytest.mark.parametrize("provider", [providers.Factory(Session), providers.Callable(Session)])
async def test_class_of_context_managers_is_entered(provider: providers.Provider[Session]) -> None:
    await run(compile_handler(_takes, a_container_with(it=provider), APP))
    assert [log[0], type(log[1]), log[2]] == ["open", Session, "close"]


async def test_method_of_a_singleton_is_entered() -> None:
    database = providers.Singleton(Database)
    container = a_container_with(database=database, it=database.provided.transaction.call())
    await run(compile_handler(_takes, container, APP))
    assert log == ["begin", "transaction", "commit"]


async def test_singleton_is_not_entered() -> None:
    call = compile_handler(_takes, a_container_with(it=providers.Singleton(Session)), APP)
    await run(call)
    assert [type(it) for it in log] == [Session]


@pytest.mark.parametrize(
    "provider",
    [
        providers.Factory(_made, Session),  # such as SQLAlchemy's `async_sessionmaker(engine)`
        providers.Callable(_made, open_session),
        providers.Singleton(lambda: Session).provided.call(),
    ],
)
async def test_context_manager_is_entered_though_nobody_knew_that_it_would_be_one(
    provider: providers.Provider[Any],
) -> None:
    call = compile_handler(_takes, a_container_with(it=provider), APP)
    await run(call)
    await run(call)
    assert [str(one).split()[0] for one in log[::3]] == ["open", "open"]
    assert [str(one).split()[0] for one in log[2::3]] in (["close", "close"], ["commit", "commit"])


@pytest.mark.parametrize(
    ("provider", "way"),
    [
        (providers.List(providers.Factory(open_session)), "it → Factory(open_session)"),
        (providers.Dict(a=providers.List(providers.Factory(open_session))), "it → Factory(open_session)"),
        (
            providers.Selector(lambda: "a", a=providers.List(providers.Callable(Session))),
            "it → Callable(Session)",
        ),
        (providers.List(providers.Factory(Session).provided.name), "it → Factory(Session).name → Factory(Session)"),
    ],
)
def test_context_manager_that_no_parameter_has_by_itself_is_refused(
    provider: providers.Provider[Any], way: str
) -> None:
    with pytest.raises(WiringError) as raised:
        start(_takes, a_container_with(it=provider))
    (mistake,) = raised.value.mistakes
    assert mistake.startswith(
        f"_takes → {way}: is an async context manager. Only parameters of handlers and routes are entered, it would get"
    )


@pytest.mark.parametrize("is_default", [False, True])
async def test_context_manager_that_fills_a_placeholder_is_entered(is_default: bool) -> None:
    session = providers.Factory(open_session)
    placeholder: providers.Dependency[Any] = providers.Dependency(default=session if is_default else None)
    if not is_default:
        placeholder.override(session)
    await run(start(_takes, a_container_with(it=placeholder)))
    assert log == ["open session", "session", "commit session"]


@pytest.mark.parametrize("is_overridden", [False, True])
async def test_context_manager_that_a_selector_chooses_is_entered(is_overridden: bool) -> None:
    session: Any = providers.Object("a session") if is_overridden else providers.Factory(open_session)
    if is_overridden:
        session.override(providers.Factory(open_session))
    selector = providers.Selector(lambda: "a", a=providers.Selector(lambda: "b", b=session))
    await run(start(_takes, a_container_with(it=selector)))
    assert log == ["open session", "session", "commit session"]


async def test_what_a_function_makes_is_taken_as_it_is_where_it_is_no_context_manager() -> None:
    async def handler(event: BaseEvent, it: Emitter) -> None:
        log.append(type(it))

    await run(compile_handler(handler, a_container_with(it=providers.Factory(_made, Emitter)), APP))
    assert log == [Emitter]


class Swallowing(Session):
    """Wants to hear of no error."""

    async def __aexit__(self, *error: object) -> bool:  # type: ignore[override]  # the mistake
        await super().__aexit__(*error)
        return True


@pytest.mark.parametrize("handlers", [1, 2])
async def test_error_that_a_context_manager_swallows_is_raised_again(handlers: int) -> None:
    async def fail(event: BaseEvent, it: Session) -> None:
        log.append("fail")
        raise OSError("disk")

    call = compile_handlers([fail] * handlers, a_container_with(it=providers.Factory(Swallowing)), APP)
    with pytest.raises(OSError, match="disk") as raised:
        await run(call)
    assert log == ["open", "fail", "close"]
    assert "swallowed by what was entered around the handler" in raised.value.__notes__[0]


async def test_context_manager_that_fails_to_enter_has_those_before_it_left_and_no_handler_called() -> None:
    @asynccontextmanager
    async def fail() -> AsyncIterator[None]:
        if log:
            raise ConnectionError("no connection")
        yield

    async def handler(event: BaseEvent, one: str, other: None) -> None:
        log.append("handled")

    container = a_container_with(one=providers.Factory(open_session, "one"), other=providers.Factory(fail))
    with pytest.raises(ConnectionError):
        await run(compile_handler(handler, container, APP))
    assert log == ["open one", "roll back one"]


async def test_provider_that_fails_fails_the_message_before_any_handler_is_called() -> None:
    async def first(event: BaseEvent) -> None:
        log.append("first")

    container = a_container_with(it=providers.Factory(lambda: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        await run(compile_handlers((first, _takes), container, APP))
    assert log == []


async def test_context_manager_behind_another_provider_stays_as_it_is() -> None:
    session: Any = providers.Factory(Session)
    await run(compile_handler(_takes, a_container_with(it=providers.Factory(dict, session=session)), APP))
    assert [type(it["session"]) for it in log] == [Session]


async def test_context_managers_leave_in_reverse() -> None:
    async def handler(event: BaseEvent, one: str, other: str, payment_repository: Repository) -> None:
        log.append("handled")

    container = a_container_with(
        one=providers.Factory(open_session, "one"), other=providers.Factory(open_session, "other")
    )
    await run(compile_handler(handler, container, APP))
    assert log == ["open one", "open other", "handled", "commit other", "commit one"]


async def test_context_manager_is_entered_once_for_all_handlers() -> None:
    async def other(event: BaseEvent, same: str = Provide["it"]) -> None:
        log.append(f"same {same}")

    await run(compile_handlers((_takes, other), a_container_with(it=providers.Factory(open_session)), APP))
    assert log == ["open session", "session", "same session", "commit session"]


async def test_override_of_a_context_manager_may_be_anything() -> None:
    container = a_container_with(it=providers.Factory(open_session))
    call = compile_handler(_takes, container, APP)
    with container.it.override(providers.Object("fake")):
        await run(call)
    assert log == ["fake"]


async def test_object_in_the_place_of_a_context_manager_is_entered_for_each_message() -> None:
    container = a_container_with(it=providers.Factory(open_session))
    call, fake = compile_handler(_takes, container, APP), Session()
    with container.it.override(providers.Object(fake)):
        await run(call)
        await run(call)
    assert log == ["open", fake, "close"] * 2


async def test_override_is_entered_where_it_is_a_context_manager() -> None:
    container = a_container_with(it=providers.Singleton(Emitter))
    with container.it.override(providers.Factory(open_session)):
        await run(compile_handler(_takes, container, APP))
    assert log == ["open session", "session", "commit session"]
