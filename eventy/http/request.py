"""The request that routes get."""

from __future__ import annotations

from typing import Any

import sanic

from eventy.http.application import Application


class Request(sanic.Request):
    """Sanic's request, through which the application is reached: `request["app"]`."""

    def __getitem__(self, name: str) -> Any:
        if name == "app":
            return application_of(self.app)
        raise KeyError(f"a request has 'app' only, not {name!r}: keep your own things in request.ctx")


def application_of(server: sanic.Sanic[Any, Any]) -> Application:
    """Return the application that serves by a Sanic app."""
    application: Application = server.ctx.eventy
    return application
