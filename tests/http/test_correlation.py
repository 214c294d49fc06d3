"""The correlation id of a request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sanic import Blueprint, HTTPResponse, Request, text

from eventy.clock import Clock
from eventy.message.context import request_corr_id
from tests.http.serving import served


class Counting(Clock):
    """Gives ids that a test knows."""

    def __init__(self) -> None:
        self._given = 0

    def new_id(self) -> str:
        self._given += 1
        return f"id-{self._given}"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    blueprint = Blueprint("ids")

    @blueprint.get("/id")
    async def own(request: Request[Any, Any], corr_id: str) -> HTTPResponse:
        return text(f"{corr_id} {request_corr_id.get()}")

    async with (
        served(blueprint, clock=Counting()) as server,
        httpx.AsyncClient(base_url=server.url, limits=httpx.Limits(max_connections=1)) as client,
    ):
        yield client


async def test_id_of_the_client_is_taken_and_told(client: httpx.AsyncClient) -> None:
    response = await client.get("/id", headers={"X-Correlation-ID": "c-7"})
    assert response.text == "c-7 c-7"
    assert response.headers["x-correlation-id"] == "c-7"


async def test_each_request_of_a_connection_has_its_own(client: httpx.AsyncClient) -> None:
    await client.get("/id", headers={"X-Correlation-ID": "c-7"})
    assert [(await client.get("/id")).text for _ in range(2)] == ["id-1 id-1", "id-2 id-2"]


@pytest.mark.parametrize("given", ["", "x" * 129, "a\tb", "é"])
async def test_unfit_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/id", headers=[(b"X-Correlation-ID", given.encode())])
    assert response.headers["x-correlation-id"] == "id-1"


async def test_failures_tell_it_as_well(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere", headers={"X-Correlation-ID": "c-7"})
    assert (response.status_code, response.headers["x-correlation-id"]) == (404, "c-7")
