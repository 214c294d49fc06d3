"""Sanic in the application's own event loop."""

from __future__ import annotations

import itertools
import logging
import weakref
from collections.abc import Iterable
from typing import Any

from sanic import Blueprint, Sanic
from sanic.blueprints import BlueprintGroup

from eventy.clock import Clock
from eventy.errors import ConfigurationError
from eventy.http.application import Application
from eventy.http.blueprints import checked_blueprints, release
from eventy.http.builtins import add_builtins
from eventy.http.connection import Connection
from eventy.http.correlation import correlate
from eventy.http.errors import JsonErrorHandler
from eventy.http.growing import GrowingSanic, Routes
from eventy.http.limits import MAX_BODY_SIZE, checked_size
from eventy.http.listener import listen, url_of
from eventy.http.openapi import add_pages, remove_pages
from eventy.http.request import Request

_numbers = itertools.count(1)

logger = logging.getLogger(__name__)


class SanicServer:
    """Serves blueprints over HTTP/1.1.

    Parameters
        host: the address to listen on; `0.0.0.0` is every one.
        port: the port; 0 is any free one, known after `start`.
        access_log: whether each request is logged.
        debug: Sanic's debug mode, which also turns on that of the event loop.
        blueprints: the routes.
        name: of the Sanic app; a number is added, since Sanic wants it unique in the process.
        max_body_size: bytes of the largest request body; a larger one is answered with 413. At least 8192.
        clock: gives ids to requests that come without one.

    Raises ConfigurationError for a body size that is too small, and for blueprints that are none.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        access_log: bool = False,
        debug: bool = False,
        blueprints: Iterable[Blueprint | BlueprintGroup] = (),
        name: str = "eventy",
        max_body_size: int = MAX_BODY_SIZE,
        clock: Clock | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._access_log = access_log
        self._debug = debug
        #: The Sanic app: add middleware, listeners and routes to it before `start`.
        self.sanic = GrowingSanic(
            f"{name}-{next(_numbers)}",
            request_class=Request,
            error_handler=JsonErrorHandler(),
            configure_logging=False,
        )
        self._unregister = weakref.finalize(self, Sanic.unregister_app, self.sanic)
        self.sanic.config.update(
            AUTO_EXTEND=False,
            MOTD=False,
            REQUEST_MAX_SIZE=checked_size(max_body_size),
            TOUCHUP=False,  # it rewrites Sanic's classes for one app of the process; the next one fails to start
        )
        correlate(self.sanic, clock or Clock())
        for blueprint in checked_blueprints(blueprints):
            self.sanic.blueprint(blueprint)
        self._routes = Routes(self.sanic)
        self._server: Any = None  # Sanic's AsyncioServer, most of which has no types

    @property
    def url(self) -> str:
        """The address for a client on this machine, without a path."""
        return url_of(self.host, self.port)

    def prepare(self, app: Application) -> None:
        """Compile the routes, so that their mistakes are known before anything starts.

        Raises InjectionError, naming all parameters that can't be filled.
        """
        if self._routes.are_compiled or not self._unregister.alive:
            raise ConfigurationError(
                "this HTTP server has been started before, and Sanic's applications start once: build a new one, "
                "by container.reset_singletons() for example"
            )
        self.sanic.ctx.eventy = app
        self._routes.compile(app)

    async def start(self, app: Application) -> None:
        """Listen and serve. Raises SettingsError when the port can't be had, and what `prepare` raises."""
        try:
            if not self._routes.are_compiled or not self._unregister.alive:
                self.prepare(app)
            add_builtins(self.sanic)
            add_pages(self.sanic, self._routes.replaced)
            await self._serve()
        except BaseException:
            self._forget()
            raise

    async def stop(self) -> None:
        """Take no more connections and finish the requests that run. When cancelled: cut them off at once."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            await server.before_stop()
            await self._finish(server)
        finally:
            await self._close(server)

    async def _serve(self) -> None:
        listening = listen(self.host, self.port)
        self.port = listening.getsockname()[1]
        server: Any = None
        try:
            server = await self.sanic.create_server(
                sock=listening,
                protocol=Connection,
                access_log=self._access_log,
                debug=self._debug,
                asyncio_server_kwargs={"start_serving": False},
            )
            await server.startup()
            await server.before_start()
            self._routes.refuse_late()
            await server.start_serving()
            await server.after_start()
            self._routes.refuse_late()
            self._routes.are_served = True
        except BaseException:
            if server is not None:
                server.server.close()
            listening.close()
            raise
        self._server = server
        logger.info("listening on %s", self.url)

    async def _finish(self, server: Any) -> None:
        server.server.close()
        self.sanic.config.KEEP_ALIVE = False
        while connections := tuple(server.connections):  # one more may have been accepted meanwhile
            for connection in connections:
                connection.finish()
            for connection in connections:
                await connection.wait_finished()

    async def _close(self, server: Any) -> None:
        try:
            server.server.close()
            for connection in tuple(server.connections):
                connection.abort_transport()
            await server.server.wait_closed()
            await server.after_stop()
        finally:
            self._forget()

    def _forget(self) -> None:
        remove_pages(self.sanic, self._routes.replaced)
        release(self.sanic)
        self._unregister()
