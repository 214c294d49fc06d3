"""Providers of async context managers are entered around the request, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request, Websocket, text
from websockets.asyncio.client import connect

from tests.http.serving import App, Client, Repository, ask, served

AnyRequest = Request[Any, Any]


class Log(list[str]):
    """What has happened, and the session that writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened, self.closed = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[str]:
        self.append("open")
        self.opened.set()
        try:
            yield "session"
        except BaseException as error:
            self.append(f"roll back: {type(error).__name__}")
            raise
        else:
            self.append("commit")
        finally:
            self.closed.set()

    def app(self) -> App:
        app = App()
        app.container.set_providers(session=providers.Factory(self.session), draft=providers.Factory(Repository))
        return app


async def _closed(log: Log) -> None:
    async with asyncio.timeout(10):
        await log.closed.wait()


async def test_factories_make_an_object_for_each_request() -> None:
    blueprint, seen = Blueprint("drafts"), []

    @blueprint.get("/")
    async def show(request: AnyRequest, draft: Repository) -> HTTPResponse:
        seen.append(draft)
        return text("")

    async with served(blueprint, app=Log().app()) as server:
        await ask(server, "/")
        await ask(server, "/")
    assert seen[0] is not seen[1]


async def test_left_after_the_handler_and_told_of_its_failure() -> None:
    log, blueprint = Log(), Blueprint("sessions")

    @blueprint.get("/<what>")
    async def show(request: AnyRequest, what: str, session: str) -> HTTPResponse:
        log.append(what)
        if what == "wrong":
            raise OSError("disk")
        return text(session)

    async with served(blueprint, app=log.app()) as server:
        assert (await ask(server, "/right")).text == "session"
        assert (await ask(server, "/wrong")).status_code == 500
    assert log == ["open", "right", "commit", "open", "wrong", "roll back: OSError"]


async def test_left_before_the_answer_so_that_its_failure_is_one_of_the_request() -> None:
    @asynccontextmanager
    async def session() -> AsyncIterator[str]:
        yield "session"
        raise OSError("disk full at the commit")

    app, blueprint = App(), Blueprint("sessions")
    app.container.set_providers(session=providers.Factory(session))

    @blueprint.get("/")
    async def show(request: AnyRequest, session: str) -> HTTPResponse:
        return text(session)

    async with served(blueprint, app=app) as server:
        assert (await ask(server, "/")).status_code == 500


async def test_told_when_the_client_is_gone() -> None:
    log, blueprint = Log(), Blueprint("sessions")

    @blueprint.get("/")
    async def wait(request: AnyRequest, session: str) -> None:
        await asyncio.Event().wait()

    async with served(blueprint, app=log.app()) as server:
        client = await Client.connect(server)
        client.get("/")
        async with asyncio.timeout(10):
            await log.opened.wait()
        client.close()
        await _closed(log)
    assert log == ["open", "roll back: CancelledError"]


async def test_open_while_the_handler_itself_streams() -> None:
    log, blueprint = Log(), Blueprint("streams")

    @blueprint.get("/")
    async def stream(request: AnyRequest, session: str) -> None:
        response: Any = await request.respond()
        await response.send("part")
        log.append("sent")
        await response.eof()

    async with served(blueprint, app=log.app()) as server:
        await ask(server, "/")
        await _closed(log)
    assert log == ["open", "sent", "commit"]


@pytest.mark.parametrize(
    ("end", "left"), [("return", "commit"), ("raise", "roll back: OSError"), ("leave", "roll back")]
)
async def test_open_while_a_websocket_is(end: str, left: str) -> None:
    log, blueprint = Log(), Blueprint("sockets")

    @blueprint.websocket("/ws/<name>")  # type: ignore[untyped-decorator]  # Sanic gives it no types
    async def echo(request: AnyRequest, ws: Websocket, name: str, session: str, repository: Repository) -> None:
        while (got := await ws.recv()) != "return":
            if got == "raise":
                raise OSError("disk")
            log.append(str(got))
            await ws.send(f"{name} {session} {repository.name} {got!s}")

    async with served(blueprint, app=log.app()) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/ws/a") as ws:
            for message in ("one", "two"):
                await ws.send(message)
                assert await ws.recv() == f"a session real {message}"
            assert log == ["open", "one", "two"]  # one session for all of them
            if end != "leave":
                await ws.send(end)
                await _closed(log)
        await _closed(log)
    assert log[3].startswith(left)


async def test_closed_when_the_server_stops_under_a_websocket() -> None:
    log, blueprint = Log(), Blueprint("sockets")

    @blueprint.websocket("/ws")  # type: ignore[untyped-decorator]  # Sanic gives it no types
    async def listen(request: AnyRequest, ws: Websocket, session: str) -> None:
        await ws.recv()

    async with served(blueprint, app=log.app()) as server:
        ws = await connect(f"ws://127.0.0.1:{server.port}/ws")
        async with asyncio.timeout(10):
            await log.opened.wait()
    await _closed(log)
    await ws.close()
    assert log == ["open", "roll back: CancelledError"]
