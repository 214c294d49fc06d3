"""One client's connection, as Sanic serves it, that can be told to finish."""

from __future__ import annotations

import asyncio
from typing import Any

from sanic.server.protocols.websocket_protocol import WebSocketProtocol

_END_OF_HEAD = b"\r\n\r\n"


class Connection(WebSocketProtocol):
    """Sanic's protocol for HTTP/1.1 and websockets, with an orderly end.

    Sanic's own runner asks connections to close and then waits for the listening socket, which on Python 3.12.1 and
    later waits for the connections: with idle keep-alives it hangs. So this end is ours.
    """

    __slots__ = ("_lost", "_serving")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lost = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)  # type: ignore[no-untyped-call]  # Sanic gives it no types
        self._serving = self._task

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)  # type: ignore[no-untyped-call]  # Sanic gives it no types
        self._lost.set()

    def finish(self) -> None:
        """Close it as soon as no request is lost. Sanic's KEEP_ALIVE must be off, so that no further one is read."""
        http: Any = self.http
        if self.websocket is not None:
            self.close_if_idle()  # type: ignore[no-untyped-call]  # Sanic gives it no types
        elif http and not _is_begun(http.request):
            self.abort_transport()  # its body is still awaited, maybe for ever
        elif http:  # true while a handler runs or its response is sent
            http.keep_alive = False
        elif _END_OF_HEAD in self.recv_buffer:
            pass  # a whole request that was not looked at yet
        elif self.recv_buffer:
            self.abort_transport()  # half a request head: nothing has begun
        else:
            self.close()

    def abort_transport(self) -> None:
        """Cut the connection off. Unlike Sanic's `abort`, it leaves the transport for what Sanic does afterwards."""
        if self.transport is not None:
            self.transport.abort()

    async def wait_finished(self) -> None:
        """Return when it is closed and its handler has ended."""
        await self._lost.wait()
        if self._serving is not None:
            await asyncio.wait((self._serving,))


def _is_begun(request: Any) -> bool:
    """Return whether a handler may have seen a request: the middleware before all others has, see `correlate`."""
    return request is not None and hasattr(request.ctx, "corr_id")
