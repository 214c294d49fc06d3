"""Routes may come at any time: before the start, from a listener, from a program that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from sanic import Sanic
from sanic.models.futures import FutureRoute
from sanic_routing import Route

from eventy.http.application import Application
from eventy.http.hooks import refuse_hooks
from eventy.http.routes import compile_routes
from eventy.injection import Mistakes, RouteHandler, attempt_all


class GrowingSanic(Sanic[Any, Any]):
    """A Sanic app that tells of each route that is added, by whomever."""

    def tell(self, whom: Callable[[Sequence[Route]], None]) -> None:
        """Have someone told of the routes that are added from now on."""
        self.ctx.told_of_routes = whom

    def _apply_route(self, route: FutureRoute, overwrite: bool = False) -> list[Route]:
        routes = super()._apply_route(route, overwrite=overwrite)
        if (told := getattr(self.ctx, "told_of_routes", None)) is not None:
            told(routes)
        return routes


class Routes:
    """The routes of one server, compiled as they come.

    Parameters
        replaced: each user's handler with what replaces it.
        are_served: whether requests may come, so that a mistake can't wait to be told with the others.
    """

    def __init__(self, server: GrowingSanic) -> None:
        self._server = server
        self._app: Any = None
        self._late = Mistakes()
        self.replaced: list[tuple[RouteHandler, RouteHandler]] = []
        self.are_served = False

    @property
    def are_compiled(self) -> bool:
        """Whether those before the start are."""
        return self._app is not None

    def compile(self, app: Application) -> None:
        """Compile what is there, and from now on what is added.

        Raises InjectionError, naming every parameter of routes, middleware, listeners, … that can't be filled.
        """
        attempt_all(lambda: self._compile(self._server.router.routes, app), partial(refuse_hooks, self._server, app))
        self._app = app
        self._server.tell(self._added)

    def refuse_late(self) -> None:
        """Raise InjectionError for what listeners have added; see `compile`."""
        late, self._late = self._late, Mistakes()
        attempt_all(late.raise_any, partial(refuse_hooks, self._server, self._app))

    def _added(self, routes: Sequence[Route]) -> None:
        if self.are_served:
            self._compile(routes, self._app)
            return
        with self._late.collected():
            self._compile(routes, self._app)

    def _compile(self, routes: Iterable[Route], app: Application) -> None:
        self.replaced += compile_routes(routes, app)
