"""sanic-ext's `@validate` passes the body and the query; the rest is injected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sanic import Blueprint, HTTPResponse, Request, text
from sanic.views import HTTPMethodView
from sanic_ext import openapi, validate

from eventy.http.server import SanicServer
from tests.http.serving import Repository, ask, refused, served

AnyRequest = Request[Any, Any]


@dataclass
class Payment:
    amount: int


@dataclass
class Page:
    number: int


async def test_body_and_query_are_passed_and_the_rest_is_injected() -> None:
    blueprint = Blueprint("validated")

    @blueprint.post("/payments/<name>")
    @openapi.summary("Pay")
    @openapi.response(404, description="there is none")
    @validate(json=Payment, query=Page)
    async def pay(request: AnyRequest, name: str, body: Payment, query: Page, repository: Repository) -> HTTPResponse:
        return text(f"{name} {body.amount} {query.number} {repository.name}")

    @blueprint.post("/named")
    @validate(json=Payment, body_argument="payment")
    async def named(request: AnyRequest, payment: Payment, repository: Repository) -> HTTPResponse:
        return text(f"{payment.amount} {repository.name}")

    def checked(request: AnyRequest, data: Any, handler_kwargs: dict[str, Any]) -> None:  # in place of a model
        handler_kwargs["body"] = data["amount"]

    @blueprint.post("/function")
    @validate(json=checked)  # type: ignore[arg-type]  # its types know fewer functions than it calls
    async def by_function(request: AnyRequest, body: int, repository: Repository) -> HTTPResponse:
        return text(f"{body} {repository.name}")

    class View(HTTPMethodView):
        @validate(json=Payment)
        async def post(self, request: AnyRequest, body: Payment, repository: Repository) -> HTTPResponse:
            return text(f"view {body.amount} {repository.name}")

    blueprint.add_route(View.as_view(), "/view")
    async with served(blueprint) as server:
        body = {"json": {"amount": 3}}
        assert (await ask(server, "/payments/a?number=2", "POST", **body)).text == "a 3 2 real"
        assert (await ask(server, "/payments/a?number=2", "POST", json={"amount": "x"})).status_code == 400
        assert (await ask(server, "/named", "POST", **body)).text == "3 real"
        assert (await ask(server, "/function", "POST", **body)).text == "3 real"
        assert (await ask(server, "/view", "POST", **body)).text == "view 3 real"
        paths = (await ask(server, "/docs/openapi.json")).json()["paths"]
    shown = paths["/payments/{name}"]["post"]
    assert (shown["summary"], "404" in shown["responses"]) == ("Pay", True)
    assert [parameter["name"] for parameter in shown["parameters"]] == ["name"]


def test_body_that_a_handler_does_not_take_is_refused() -> None:
    blueprint = Blueprint("validated")

    @blueprint.post("/<name>")
    @validate(json=Payment)
    async def forgetful(request: AnyRequest, repository: Repository) -> None: ...

    @blueprint.post("/")
    async def unvalidated(request: AnyRequest, body: Payment) -> None: ...

    first, second = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert first.endswith("doesn't take 'name', 'body' of its @validate and its path: add the parameter")
    assert "parameter 'body: Payment': the root container has no provider 'body'" in second
