"""Class-based views: each method gets what it asks for."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request, text
from sanic.views import HTTPMethodView

from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, Repository, ask, refused, served

AnyRequest = Request[Any, Any]


def _serving(view: type[HTTPMethodView], path: str, *args: Any, **more: Any) -> Blueprint:
    blueprint = Blueprint("views")
    blueprint.add_route(view.as_view(*args, **more), path)
    return blueprint


async def test_methods_ask_for_different_things() -> None:
    class View(HTTPMethodView):
        async def get(self, request: AnyRequest, name: str, repository: Repository) -> HTTPResponse:
            return text(f"get {name} {repository.name}")

        def post(self, request: AnyRequest, name: str, corr_id: str, app: object) -> HTTPResponse:
            return text(f"post {name} {corr_id} {type(app).__name__}")

        async def put(
            self, request: AnyRequest, /, name: str, it: Annotated[Repository, Provide["repository"]]
        ) -> HTTPResponse:
            return text(f"put {name} {it.name}")

        async def patch(self, request: AnyRequest, name: str, limit: int = 10) -> HTTPResponse:
            return text(f"patch {name} {limit}")

        @staticmethod
        async def delete(request: AnyRequest, name: str, repository: Repository) -> HTTPResponse:
            return text(f"delete {name} {repository.name}")

        @classmethod
        async def options(cls, request: AnyRequest, name: str, repository: Repository) -> HTTPResponse:
            return text(f"options {name} {cls.__name__} {repository.name}")

    async with served(_serving(View, "/view/<name>")) as server:
        answers = {
            method: (await ask(server, "/view/a", method, headers={"X-Correlation-ID": "c-7"})).text
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        }
    assert answers == {
        "GET": "get a real",
        "POST": "post a c-7 App",
        "PUT": "put a real",
        "PATCH": "patch a 10",
        "DELETE": "delete a real",
        "OPTIONS": "options a View real",
    }


async def test_as_view_with_arguments_and_decorators() -> None:
    seen = []

    def decorated(name: str) -> Callable[[Any], Any]:
        def decorate(handler: Any) -> Any:
            @functools.wraps(handler)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                seen.append(name)
                return await handler(*args, **kwargs)

            return wrapper

        return decorate

    class View(HTTPMethodView):
        decorators = [decorated("view")]  # noqa: RUF012 - as Sanic's own class declares it

        def __init__(self, greeting: str) -> None:
            self.greeting = greeting

        @decorated("method")
        async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
            return text(f"{self.greeting} {repository.name}")

    async with served(_serving(View, "/view", greeting="hello")) as server:
        assert (await ask(server, "/view")).text == "hello real"
    assert seen == ["view", "method"]


async def test_own_dispatch_request_is_passed_through() -> None:
    class View(HTTPMethodView):
        async def dispatch_request(self, request: AnyRequest, *args: Any, **kwargs: Any) -> Any:
            return await super().dispatch_request(request, *args, **kwargs)

        async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
            return text(repository.name)

    async with served(_serving(View, "/view")) as server:
        assert (await ask(server, "/view")).text == "real"


async def test_head_is_answered_by_get() -> None:
    class View(HTTPMethodView):
        async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
            return text("", headers={"X-Name": repository.name})

    blueprint = Blueprint("views")
    blueprint.route("/view", methods=["GET", "HEAD"])(View.as_view())
    async with served(blueprint) as server:
        assert (await ask(server, "/view", "HEAD")).headers["X-Name"] == "real"


async def test_attached_view_that_two_applications_serve() -> None:
    blueprint, one, other = Blueprint("views"), App(), App()

    class View(HTTPMethodView, attach=blueprint, uri="/view"):
        async def get(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
            return text(repository.name)

    async with served(blueprint, app=one) as first, served(blueprint, app=other) as second:
        with one.container.repository.override(providers.Object(Repository("fake"))):
            assert [(await ask(server, "/view")).text for server in (first, second)] == ["fake", "real"]
        assert (await ask(first, "/view")).text == "real"


async def test_context_manager_is_open_around_a_method() -> None:
    log = []

    @asynccontextmanager
    async def session() -> AsyncIterator[str]:
        log.append("open")
        yield "session"
        log.append("close")

    class View(HTTPMethodView):
        async def get(self, request: AnyRequest, session: str) -> HTTPResponse:
            log.append(session)
            return text("")

        async def post(self, request: AnyRequest) -> HTTPResponse:
            log.append("post")
            return text("")

    app = App()
    app.container.set_providers(session=providers.Factory(session))
    async with served(_serving(View, "/view"), app=app) as server:
        await ask(server, "/view")
        await ask(server, "/view", "POST")
    assert log == ["open", "session", "close", "post"]


def test_mistakes_of_all_methods_come_together() -> None:
    class View(HTTPMethodView):
        async def get(self, request: AnyRequest, repo: Repository) -> None: ...

        async def post(self, request: AnyRequest, it: Any = Provide["nobody"]) -> None: ...

        async def put(self) -> None: ...

    get, post, put = refused(SanicServer(port=0, blueprints=[_serving(View, "/view")]))
    assert "View.get" in get
    assert "parameter 'repo: Repository': the root container has no provider 'repo'" in get
    assert "the root container has no provider 'nobody'" in post
    assert put.endswith("doesn't take the request: make it positional parameter 2")


@pytest.mark.parametrize("where", ["__init__", "dispatch_request"])
def test_marker_where_a_view_gets_nothing_is_refused(where: str) -> None:
    async def asking(self: Any, request: Any = None, it: Any = Provide["repository"]) -> None: ...

    async def get(self: Any, request: Any) -> None: ...

    view: Any = type("View", (HTTPMethodView,), {"get": get, where: asking})
    (said,) = refused(SanicServer(port=0, blueprints=[_serving(view, "/view")]))
    assert said.endswith(
        "parameter 'it: Any': only methods that answer requests get something injected: ask for it there"
    )


def test_route_for_a_method_that_a_view_lacks_is_refused() -> None:
    class View(HTTPMethodView):
        async def get(self, request: AnyRequest) -> None: ...

    blueprint = Blueprint("views")
    blueprint.route("/view", methods=["GET", "POST"])(View.as_view())
    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert said.endswith("View has a route for POST, but no method post(): add it")


def test_decorator_of_a_view_that_passes_nothing_on_is_refused() -> None:
    def narrow(handler: Any) -> Any:
        async def wrapper(request: AnyRequest) -> Any:
            return await handler(request)

        return wrapper

    class View(HTTPMethodView):
        decorators = [narrow]  # noqa: RUF012 - as Sanic's own class declares it

        async def get(self, request: AnyRequest, repository: Repository) -> None: ...

    (said,) = refused(SanicServer(port=0, blueprints=[_serving(View, "/view")]))
    assert f"is called by way of wrapper ({__file__}:" in said
