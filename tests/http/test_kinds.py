"""Groups, versions, hosts, streams, partials, decorators: what Sanic takes as a route is injected into."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sanic import Blueprint, HTTPResponse, Request, text
from sanic.response import ResponseStream

from eventy.http.server import SanicServer
from eventy.injection import Provide
from tests.http.serving import App, Repository, ask, refused, served

AnyRequest = Request[Any, Any]


async def test_groups_and_versions() -> None:
    parts = [Blueprint(name, url_prefix=f"/{name}/<{name}_id>") for name in "ab"]
    versioned = Blueprint("versioned", url_prefix="/c", version=2, version_prefix="/<tenant>/v")

    @parts[0].get("/<item>")
    async def one(request: AnyRequest, tenant: str, a_id: str, item: str, repository: Repository) -> HTTPResponse:
        return text(f"{tenant} {a_id} {item} {repository.name}")

    @parts[1].get("/")
    async def two(request: AnyRequest, tenant: str, b_id: str, repository: Repository) -> HTTPResponse:
        return text(f"{tenant} {b_id} {repository.name}")

    @versioned.get("/", version=2.1)
    async def three(request: AnyRequest, tenant: str, repository: Repository) -> HTTPResponse:
        return text(f"{tenant} {repository.name}")

    group = Blueprint.group(Blueprint.group(*parts, url_prefix="/in"), url_prefix="/<tenant>", version=3)
    server = SanicServer(port=0, blueprints=[group, versioned])
    await server.start(App())
    assert (await ask(server, "/v3/t/in/a/7/x")).text == "t 7 x real"
    assert (await ask(server, "/v3/t/in/b/8/")).text == "t 8 real"
    assert (await ask(server, "/t/v2.1/c/")).text == "t real"
    await server.stop()


async def test_several_methods_routes_and_hosts_of_one_handler() -> None:
    blueprint = Blueprint("several")

    @blueprint.route("/it", methods=["GET", "POST", "DELETE"])  # type: ignore[untyped-decorator]  # Sanic gives it no types
    @blueprint.get("/it/<name>", host=["127.0.0.1", "x.test"], name="named")
    async def show(request: AnyRequest, repository: Repository, name: str = "nobody") -> HTTPResponse:
        return text(f"{request.method} {name} {repository.name}")

    async with served(blueprint) as server:
        assert (await ask(server, "/it")).text == "GET nobody real"
        assert (await ask(server, "/it", "POST")).text == "POST nobody real"
        assert (await ask(server, "/it/a", headers={"Host": "x.test"})).text == "GET a real"


async def test_stream_in_and_out() -> None:
    blueprint = Blueprint("streams")

    @blueprint.post("/in", stream=True)
    async def receive(request: AnyRequest, repository: Repository) -> HTTPResponse:
        stream: Any = request.stream
        assert not request.body
        received = b""
        while (part := await stream.read()) is not None:
            received += part
        return text(f"{len(received)} {repository.name}")

    @blueprint.get("/out")
    async def send(request: AnyRequest, repository: Repository) -> None:
        response: Any = await request.respond(content_type="text/plain")
        for part in ("one ", repository.name):
            await response.send(part)
        await response.eof()

    @blueprint.get("/later")
    async def later(request: AnyRequest, repository: Repository) -> ResponseStream:
        async def write(response: Any) -> None:
            await response.write(repository.name)

        return ResponseStream(write)

    async with served(blueprint) as server:
        assert (await ask(server, "/in", "POST", content=b"x" * 100_000)).text == "100000 real"
        assert (await ask(server, "/out")).text == "one real"
        assert (await ask(server, "/later")).text == "real"


class Controller:
    """Keeps its routes as methods."""

    async def bound(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
        return text(f"bound {repository.name}")

    async def __call__(self, request: AnyRequest, repository: Repository) -> HTTPResponse:
        return text(f"called {repository.name}")


async def _partly(request: AnyRequest, greeting: str, repository: Repository, limit: int = 5) -> HTTPResponse:
    return text(f"{greeting} {repository.name} {limit}")


def sync(request: AnyRequest, repository: Repository) -> HTTPResponse:
    return text(f"sync {repository.name}")


async def test_handlers_of_all_forms() -> None:
    blueprint = Blueprint("forms")
    blueprint.add_route(sync, "/sync")  # type: ignore[arg-type]  # Sanic takes them, its types don't
    blueprint.add_route(functools.partial(_partly, greeting="hello"), "/partial", name="partial")
    fixed = functools.partial(_partly, greeting="hello", repository=Repository("fixed"))
    blueprint.add_route(functools.update_wrapper(fixed, _partly), "/fixed", name="fixed")
    blueprint.add_route(Controller().bound, "/bound")
    blueprint.add_route(Controller(), "/called", name="called")
    async with served(blueprint) as server:
        said = {path: (await ask(server, f"/{path}")).text for path in ("sync", "partial", "fixed", "bound", "called")}
    assert said == {
        "sync": "sync real",
        "partial": "hello real 5",
        "fixed": "hello fixed 5",
        "bound": "bound real",
        "called": "called real",
    }


async def test_decorator_that_passes_something_on() -> None:
    def authorized(handler: Any) -> Any:
        @functools.wraps(handler)
        async def wrapper(request: AnyRequest, *args: Any, **kwargs: Any) -> Any:
            return await handler(request, *args, user="Ada", **kwargs)

        return wrapper

    blueprint = Blueprint("decorated")

    @blueprint.get("/<name>")
    @authorized
    async def show(request: AnyRequest, name: str, repository: Repository, user: str = "nobody") -> HTTPResponse:
        return text(f"{user} {name} {repository.name}")

    async with served(blueprint) as server:
        assert (await ask(server, "/a")).text == "Ada a real"


def _refused(decorate: Callable[[Any], Any]) -> str:
    blueprint = Blueprint("wrong")

    @blueprint.get("/")
    @decorate
    async def show(request: AnyRequest, repository: Repository = Provide["repository"]) -> None: ...

    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    return said


def test_decorator_that_hides_a_marker_is_refused() -> None:
    def hiding(handler: Any) -> Any:
        async def wrapper(request: AnyRequest, *args: Any, **kwargs: Any) -> Any:
            return await handler(request, *args, **kwargs)

        return wrapper

    said = _refused(hiding)
    assert f"hiding.<locals>.wrapper ({__file__}:" in said
    assert "hides the parameters of _refused.<locals>.show" in said
    assert said.endswith("which has markers: put functools.wraps(…) on it")


def _narrow(handler: Any) -> Any:
    @functools.wraps(handler)
    async def narrow(request: AnyRequest) -> Any:
        return await handler(request)

    return narrow


def _passing_on(handler: Any) -> Any:
    @functools.wraps(handler)
    async def passing_on(request: AnyRequest, *args: Any, **kwargs: Any) -> Any:
        return await handler(request, *args, **kwargs)

    return passing_on


def _in_a_partial(handler: Any) -> Any:
    return functools.update_wrapper(functools.partial(_passing_on(_narrow(handler))), handler)


@pytest.mark.parametrize("decorate", [_narrow, lambda handler: _passing_on(_narrow(handler)), _in_a_partial])
def test_decorator_that_passes_nothing_on_is_refused(decorate: Any) -> None:
    said = _refused(decorate)
    assert "_refused.<locals>.show" in said
    assert f"is called by way of narrow ({__file__}:" in said
    assert said.endswith(
        "doesn't take what is passed to it: got an unexpected keyword argument 'repository'; "
        "let it take *args and **kwargs, and pass them on"
    )


def test_decorator_that_takes_by_name_what_is_passed_by_position_is_refused() -> None:
    blueprint = Blueprint("positions")

    async def show(request: AnyRequest, repository: Repository, /) -> None: ...

    @functools.wraps(show)
    async def wrapper(request: AnyRequest, *, repository: Repository) -> None: ...

    blueprint.add_route(wrapper, "/")
    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert "doesn't take what is passed to it: too many positional arguments" in said


def test_signature_of_a_route_that_is_set_by_hand_must_hold() -> None:
    blueprint = Blueprint("promises")

    async def show(request: AnyRequest) -> None: ...

    untyped: Any = show
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    untyped.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in ("request", "repository")])
    blueprint.add_route(show, "/")
    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert "doesn't take what is passed to it: got an unexpected keyword argument 'repository'" in said


def test_decorator_that_does_not_take_what_the_path_passes_is_refused() -> None:
    blueprint = Blueprint("paths")

    @blueprint.get("/<name>")
    @_narrow
    async def show(request: AnyRequest, name: str) -> None: ...

    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert "doesn't take what is passed to it: got an unexpected keyword argument 'name'" in said


def test_websocket_that_is_not_async_is_refused() -> None:
    blueprint = Blueprint("sockets")

    @blueprint.websocket("/ws")  # type: ignore[untyped-decorator]  # Sanic gives it no types
    def listen(request: AnyRequest, ws: Any, repository: Repository) -> None: ...

    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert said.endswith("is not async: write `async def` without yield")


async def test_static_files_of_a_blueprint(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("page")
    blueprint = Blueprint("files", url_prefix="/files")
    blueprint.static("/", tmp_path)
    async with served(blueprint) as server:
        assert (await ask(server, "/files/page.txt")).text == "page"


def test_async_generator_is_refused() -> None:
    blueprint = Blueprint("generators")

    async def generate(request: AnyRequest, repository: Repository) -> AsyncIterator[str]:
        yield repository.name

    blueprint.add_route(generate, "/")  # type: ignore[arg-type]  # what is refused
    (said,) = refused(SanicServer(port=0, blueprints=[blueprint]))
    assert said.endswith("is an async generator: write `async def` without yield")


async def test_route_may_call_another_one() -> None:
    blueprint = Blueprint("calling")

    async def one(request: AnyRequest, it: Any = Provide["repository"]) -> HTTPResponse:
        return text(it.name)

    @blueprint.get("/two")
    async def two(request: AnyRequest, repository: Repository) -> HTTPResponse:
        return await one(request, it=repository)

    blueprint.add_route(one, "/one")
    async with served(blueprint) as server:
        assert (await ask(server, "/two")).text == "real"
