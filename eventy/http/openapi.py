"""OpenAPI pages at /docs by sanic-ext, where it is installed: of one server a process, since its builder is shared."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sanic import Sanic

from eventy.injection import RouteHandler

try:
    # It needs pydantic as well, without saying so: eventy's extra `openapi` has both.
    from sanic_ext import Extend
    from sanic_ext.extensions.openapi.builders import OperationStore, SpecificationBuilder
    from sanic_ext.extensions.openapi.extension import OpenAPIExtension
except ImportError:
    IS_INSTALLED = False
else:
    IS_INSTALLED = True

logger = logging.getLogger(__name__)

# Sanic-ext's own, of which an app takes one.
_BLUEPRINT = "openapi"
# The name of the server whose pages the process has, until it stops.
_documented: list[str] = []


def add_pages(server: Sanic[Any, Any], replaced: Iterable[tuple[RouteHandler, RouteHandler]]) -> None:
    """Add the pages to a server, unless another one of this process has them.

    Parameters
        replaced: the users' handlers with what replaces them, for which their decorators hold as well.
    """
    if not IS_INSTALLED:
        return
    if _BLUEPRINT in server.blueprints:  # users may extend the app themselves
        for handler, compiled in replaced:
            _carry_over(handler, compiled)
        return
    if _documented:
        logger.info("%s has no /docs: %s has them, and a process has one set", server.name, _documented[0])
        return
    _documented.append(server.name)
    SpecificationBuilder()._paths.clear()  # of a server that has stopped
    for handler, compiled in replaced:
        _carry_over(handler, compiled)
    # The pages alone: what else sanic-ext does (injection, CORS, automatic methods) isn't asked for.
    Extend(server, extensions=[OpenAPIExtension], built_in_extensions=False)


def remove_pages(server: Sanic[Any, Any], replaced: Iterable[tuple[RouteHandler, RouteHandler]]) -> None:
    """Let another server have the pages."""
    if server.name in _documented:
        _documented.remove(server.name)
        store = OperationStore()  # type: ignore[no-untyped-call]  # sanic-ext gives it no types
        for _, compiled in replaced:
            store.pop(compiled, None)  # it would hold the application


def _carry_over(handler: Any, compiled: RouteHandler) -> None:
    """Have what decorators said about a handler (`@openapi.summary(…)`) hold for what replaces it."""
    store = OperationStore()  # type: ignore[no-untyped-call]  # sanic-ext gives it no types
    for documented in (handler, getattr(handler, "__func__", None)):  # the function, for a bound method
        if documented is not None and documented in store:
            store[compiled] = store[documented]
            return
