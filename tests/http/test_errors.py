"""What a client sees of a failure."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request, text
from sanic.exceptions import Forbidden, SanicException, ServerError, Unauthorized

from eventy.errors import BrokerUnavailableError, ConfigurationError
from eventy.http.server import SanicServer
from tests.http.serving import App, Client, served

FAILURES: dict[str, Exception] = {
    "broker": BrokerUnavailableError("the broker didn't answer within 5000 ms"),
    "forbidden": Forbidden("not yours"),
    "unauthorized": Unauthorized("sign in", scheme="Basic", realm="payments"),
    "teapot": SanicException("short and stout", status_code=418),
    "server": ServerError("secret"),
    "bug": ZeroDivisionError("secret"),
}


def failing() -> Blueprint:
    blueprint = Blueprint("failing")

    @blueprint.get("/fail/<how>")
    async def fail(request: Request[Any, Any], how: str) -> HTTPResponse:
        raise FAILURES[how]

    @blueprint.post("/size")
    async def size(request: Request[Any, Any]) -> HTTPResponse:
        return text(str(len(request.body)))

    return blueprint


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with served(failing()) as server, httpx.AsyncClient(base_url=server.url) as client:
        yield client


def _one(message: str) -> dict[str, Any]:
    return {"errors": [{"field": None, "message": message}]}


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ("broker", 503, "the broker didn't answer within 5000 ms"),
        ("forbidden", 403, "not yours"),
        ("unauthorized", 401, "sign in"),
        ("teapot", 418, "short and stout"),
        ("server", 500, "internal error: see the server's log"),
        ("bug", 500, "internal error: see the server's log"),
    ],
)
async def test_failure_of_a_route(client: httpx.AsyncClient, how: str, status: int, message: str) -> None:
    response = await client.get(f"/fail/{how}")
    assert (response.status_code, response.json()) == (status, _one(message))


async def test_debug_shows_the_traceback_of_an_internal_error() -> None:
    blueprint = Blueprint("failing")

    @blueprint.get("/")
    async def fail(request: Request) -> HTTPResponse:
        raise ZeroDivisionError("of mine")

    server = SanicServer(port=0, blueprints=[blueprint], debug=True)
    await server.start(App())
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            answer = await client.get("/")
    finally:
        await server.stop()
    assert answer.status_code == 500
    assert "ZeroDivisionError: of mine" in answer.json()["errors"][0]["message"]


async def test_headers_of_a_failure_are_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/fail/unauthorized")
    assert response.headers["www-authenticate"] == 'Basic realm="payments"'


async def test_bug_is_logged_with_its_traceback(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    await client.get("/fail/bug")
    (record,) = [record for record in caplog.records if record.name.startswith("eventy")]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "GET /fail/bug failed")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_unknown_path_and_method(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere")
    assert (response.status_code, response.json()) == (404, _one("Requested URL /nowhere not found"))
    response = await client.get("/size")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json() == _one("Method GET not allowed for URL /size")


async def test_largest_body_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/size", content=b"x" * 999_999)).text == "999999"


@pytest.mark.parametrize("size", [1_000_000, 10_000_000])
async def test_larger_body_is_refused(client: httpx.AsyncClient, size: int) -> None:
    response = await client.post("/size", content=b"x" * size)
    assert (response.status_code, response.json()) == (413, _one("Request body exceeds the size limit"))
    assert response.headers["connection"] == "close"


async def test_larger_body_of_unknown_length_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    assert (await client.post("/size", content=chunks())).status_code == 413
    assert (await client.post("/size", content=b"x")).text == "1"


async def test_limit_is_an_argument() -> None:
    async with served(failing(), max_body_size=9_000) as server, httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.post("/size", content=b"x" * 9_000)).status_code == 200
        assert (await client.post("/size", content=b"x" * 9_001)).status_code == 413


def test_limit_below_that_of_heads_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        SanicServer(max_body_size=10)
    assert str(raised.value) == (
        "max_body_size is 10, expected at least 8192 bytes: Sanic would refuse longer request heads as well, on every "
        "server of the process"
    )


async def test_nonsense_is_refused_in_the_same_shape() -> None:
    async with served() as server:
        client = await Client.connect(server)
        client.send("nonsense\r\n\r\n")
        answer = (await client.rest()).decode()
        client.close()
    assert answer.startswith("HTTP/1.1 400 ")
    assert answer.endswith('{"errors":[{"field":null,"message":"Bad Request"}]}')


async def test_handler_of_the_users_wins() -> None:
    blueprint = failing()

    async def handle(request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        return text("handled", status=422)

    blueprint.exception(ZeroDivisionError)(handle)

    async with served(blueprint) as server, httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/fail/bug")).status_code == 422
