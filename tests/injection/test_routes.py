"""HTTP routes: the request and the path come first, the rest is injected."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection import Provide, compile_route
from eventy.injection.asked import asked_by_route
from eventy.message.context import request_corr_id
from tests.injection.application import (
    APP,
    Repository,
    SqlRepository,
    a_container,
    a_container_with,
)


def test_route_without_injection_stays_itself() -> None:
    async def route(request: object, payment_id: str, page: int = 1) -> None: ...

    assert compile_route(route, a_container(), APP, path_parameters=("payment_id",)) is route


async def test_route_gets_request_path_and_what_it_names() -> None:
    async def route(request: object, payment_id: str, payment_repository: Repository, app: object) -> Any:
        return request, payment_id, type(payment_repository), app

    call = compile_route(route, a_container(), APP, path_parameters=("payment_id",))
    assert await call("request", payment_id="7") == ("request", "7", SqlRepository, APP)


async def test_path_parameter_comes_before_a_provider_of_its_name() -> None:
    async def route(request: object, draft: str, same: Repository = Provide["draft"]) -> Any:
        return draft, type(same)

    call = compile_route(route, a_container(), APP, path_parameters=("draft",))
    assert await call("request", draft="7") == ("7", Repository)


async def test_correlation_id_is_the_requests() -> None:
    async def route(request: object, corr_id: str) -> str:
        return corr_id

    token = request_corr_id.set("r-1")
    try:
        assert await compile_route(route, a_container(), APP)("request") == "r-1"
    finally:
        request_corr_id.reset(token)


def test_what_comes_with_a_message_is_among_the_errors_of_a_route() -> None:
    async def route(request: object, context: object, corr_id: str) -> None: ...

    asked = asked_by_route(route, a_container(), ("request",), {})
    assert [argument.parameter.name for argument in asked.arguments] == ["corr_id"]
    (error,) = asked.errors
    assert str(error).endswith(
        "parameter 'context: object': there is no context here, since no message is being handled: take it out"
    )


async def test_override_acts_at_once() -> None:
    async def route(request: object, payment_repository: Repository) -> object:
        return payment_repository

    container = a_container()
    call = compile_route(route, container, APP)
    with container.payment_repository.override(providers.Object("fake")):
        assert await call("request") == "fake"
    assert isinstance(await call("request"), SqlRepository)


def test_sync_route_is_called_as_it_is() -> None:
    def route(request: object, draft: Repository) -> object:
        return draft

    assert isinstance(compile_route(route, a_container(), APP)("request"), Repository)


async def test_websocket_is_given_after_the_request() -> None:
    async def route(request: object, ws: object, draft: Repository) -> Any:
        return request, ws, type(draft)

    call = compile_route(route, a_container(), APP, given=("request", "ws"))
    assert await call("request", "ws") == ("request", "ws", Repository)


def test_injected_parameters_do_not_show() -> None:
    def decorated(route: Any) -> Any:
        @functools.wraps(route)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await route(*args, **kwargs)

        return wrapper

    @decorated
    async def route(request: object, payment_id: str, draft: Repository) -> None:
        """Show a payment."""

    call = compile_route(route, a_container(), APP, path_parameters=("payment_id",))
    assert list(inspect.signature(call).parameters) == ["request", "payment_id"]
    assert set(call.__annotations__) == {"request", "payment_id", "return"}
    assert (call.__name__, call.__doc__) == ("route", "Show a payment.")


async def test_context_manager_is_open_while_the_route_runs() -> None:
    log = []

    @asynccontextmanager
    async def open_session() -> AsyncIterator[str]:
        log.append("open")
        yield "session"
        log.append("close")

    async def route(request: object, session: str) -> str:
        log.append(session)
        return "answer"

    container = a_container_with(session=providers.Factory(open_session))
    assert await compile_route(route, container, APP)("request") == "answer"
    assert log == ["open", "session", "close"]

    def sync_route(request: object, session: str) -> None: ...

    with pytest.raises(InjectionError, match=r"sync_route .* is not async"):
        compile_route(sync_route, container, APP)


def _says(route: Any, *path_parameters: str) -> str:
    with pytest.raises(InjectionError) as raised:
        compile_route(route, a_container(), APP, path_parameters)
    return str(raised.value)


def test_context_is_refused() -> None:
    async def route(request: object, context: object) -> None: ...

    assert _says(route).endswith(
        "parameter 'context: object': there is no context here, since no message is being handled: take it out"
    )


def test_unknown_name_is_refused() -> None:
    async def route(request: object, payment_repo: Repository) -> None: ...

    assert "'payment_repo: Repository': the root container has no provider 'payment_repo'" in _says(route)


def test_path_parameter_that_is_not_taken_is_refused() -> None:
    async def route(request: object) -> None: ...

    assert _says(route, "payment_id").endswith("doesn't take 'payment_id' of its path: add the parameter")


def test_route_without_room_for_the_request_is_refused() -> None:
    async def route() -> None: ...

    assert _says(route).endswith("doesn't take the request: make it positional parameter 1")
