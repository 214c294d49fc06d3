"""Stopping: what runs is finished, what is idle is closed, and a cancelled stop cuts everything off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from sanic import Blueprint, HTTPResponse, Request, Websocket, text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from eventy.http.server import SanicServer
from tests.http.serving import App, Client

pytestmark = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
Scenario = Callable[[], Awaitable[None]]


class Slow:
    """Routes that wait until the test lets them go on."""

    def __init__(self) -> None:
        self.entered, self.go_on, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.blueprint = Blueprint("slow")
        self.blueprint.add_route(self.slow, "/slow", methods=["GET", "POST"], name="slow")
        self.blueprint.add_route(self.stream, "/stream", name="stream")
        self.blueprint.add_websocket_route(self.socket, "/socket", name="socket")

    async def slow(self, request: Request[Any, Any]) -> HTTPResponse:
        await self._wait()
        return text("done")

    async def stream(self, request: Request[Any, Any]) -> None:
        response = await request.respond()
        await response.send("begun ")
        await self._wait()
        await response.send("done")

    async def socket(self, request: Request[Any, Any], ws: Websocket) -> None:
        self.entered.set()
        await ws.recv()

    async def _wait(self) -> None:
        self.entered.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


async def _started(slow: Slow) -> SanicServer:
    server = SanicServer(port=0, blueprints=[slow.blueprint])
    await server.start(App())
    return server


async def _asked(slow: Slow, path: str) -> tuple[SanicServer, Client]:
    """Return a server and a client whose request is being handled."""
    server = await _started(slow)
    client = await Client.connect(server)
    client.get(path)
    await slow.entered.wait()
    return server, client


def _run(new_loop: Any, scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await scenario()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(bounded())
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


def test_idle_connections_are_closed(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        server = await _started(Slow())
        used, silent = await Client.connect(server), await Client.connect(server)
        used.get("/health/live")
        assert "connection: keep-alive" in await used.head()
        await server.stop()
        assert await used.rest() == b""
        assert await silent.rest() == b""
        used.close()
        silent.close()

    _run(new_loop, scenario, caplog)


def test_half_a_head_is_cut_off(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        server = await _started(Slow())
        half, other = await Client.connect(server), await Client.connect(server)
        half.send("GET /health/live HTTP/1.1\r\nHost:")
        other.get("/health/live")
        await other.head()  # so the half has been read as well
        await server.stop()
        with suppress(ConnectionResetError):  # or in good order
            assert await half.rest() == b""
        half.close()
        other.close()

    _run(new_loop, scenario, caplog)


def test_running_handler_finishes(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        slow = Slow()
        server, client = await _asked(slow, "/slow")
        stopping = asyncio.ensure_future(server.stop())
        with pytest.raises(OSError, match="Connect"):
            while True:  # until nothing listens any more
                (await Client.connect(server)).close()
        assert not stopping.done()
        slow.go_on.set()
        assert "connection: close" in await client.head()
        assert await client.rest() == b""
        await stopping
        client.close()

    _run(new_loop, scenario, caplog)


def test_begun_stream_finishes(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        slow = Slow()
        server, client = await _asked(slow, "/stream")
        stopping = asyncio.ensure_future(server.stop())
        slow.go_on.set()
        await stopping
        assert b"done\r\n0\r\n\r\n" in await client.rest()
        client.close()

    _run(new_loop, scenario, caplog)


def test_websocket_is_told_to_go(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        slow = Slow()
        server = await _started(slow)
        async with connect(f"ws://127.0.0.1:{server.port}/socket") as ws:
            await slow.entered.wait()
            stopping = asyncio.ensure_future(server.stop())
            with pytest.raises(ConnectionClosed, match="1001"):
                await ws.recv()
        await stopping

    _run(new_loop, scenario, caplog)


def test_cancelled_stop_cuts_off_what_runs(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        slow = Slow()
        server, client = await _asked(slow, "/slow")
        stopping = asyncio.ensure_future(server.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        await slow.cancelled.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        with suppress(ConnectionResetError):  # or in good order
            assert await client.rest() == b""
        client.close()

    _run(new_loop, scenario, caplog)


def test_stop_twice_and_before_start(new_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        await SanicServer().stop()
        server = await _started(Slow())
        await server.stop()
        await server.stop()

    _run(new_loop, scenario, caplog)


@pytest.mark.parametrize(
    "half",
    [
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{",
        "GET /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_half_a_body_is_cut_off(new_loop: Any, caplog: pytest.LogCaptureFixture, half: str) -> None:
    async def scenario() -> None:
        server = await _started(Slow())
        client, other = await Client.connect(server), await Client.connect(server)
        client.send(half)
        other.get("/health/live")
        await other.head()  # so the half has been read as well
        await server.stop()
        with suppress(ConnectionResetError):  # or in good order
            assert b"200" not in await client.rest()
        client.close()
        other.close()

    _run(new_loop, scenario, caplog)
