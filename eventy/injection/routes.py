"""Compiles HTTP routes: the request and the path parameters come first, the rest is injected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import update_wrapper
from types import MappingProxyType
from typing import Any

from dependency_injector.containers import Container

from eventy.injection.annotations import Unreadable, read
from eventy.injection.arguments import Argument, Provided, resolve
from eventy.injection.call import Shape, Step, write_call
from eventy.injection.decorators import check_decorators
from eventy.injection.fit import check_own
from eventy.injection.mistakes import Mistakes
from eventy.injection.signature import is_async, layers_of, read_signature, refuse_sync
from eventy.message.context import request_corr_id

RouteHandler = Callable[..., Any]

_SHAPE = Shape("*given, **path", ("*given",), ("**path",))
#: Whose a name is that the path of a route passes on; see `read_signature`.
IN_PATH = "its path"

#: What every route may ask for beside providers, as expressions over the call; see `resolve`.
OWN_OF_ROUTES = {"app": "app", "corr_id": "corr_id()", "context": ""}


def compile_route(
    handler: RouteHandler,
    container: Container,
    app: object,
    path_parameters: Collection[str] = (),
    given: Collection[str] = ("request",),
    *,
    passed: Mapping[str, str] = MappingProxyType({}),
    calling: RouteHandler | None = None,
) -> RouteHandler:
    """Return a route's handler with everything that it asks for: itself, when that is nothing.

    What is returned has the handler's name, documentation and attributes, and a signature without what is injected.

    Parameters
        container: the root container.
        app: what a parameter called `app` gets.
        path_parameters: names that are passed by keyword at each request.
        given: what is passed by position at each request.
        passed: more names that are passed by keyword, and of what each of them is; see `read_signature`.
        calling: what is called with all that, where it isn't the handler itself: the view that a method belongs to.

    Raises InjectionError, naming every parameter that can't be filled.
    """
    if inspect.isasyncgenfunction(handler):  # Sanic would find no response in it
        refuse_sync(handler)
    filled = {**dict.fromkeys(path_parameters, IN_PATH), **passed}
    elsewhere = {name: owner for name, owner in passed.items() if owner != IN_PATH}
    signature = read_signature(handler, given, filled)
    mistakes = Mistakes()
    arguments = resolve(signature, container, OWN_OF_ROUTES, mistakes, is_async=is_async(handler))
    with mistakes.collected():
        check_own(signature, {"app": type(app), "corr_id": str})
    mistakes.raise_any()
    check_decorators(signature, arguments, given, filled, elsewhere)
    if not arguments:
        return handler if calling is None else calling
    if any(isinstance(argument.source, Provided) and argument.source.enters for argument in arguments):
        refuse_sync(handler)
    if calling is not None:
        signature = replace(signature, handler=calling)
        check_decorators(signature, arguments, ("request",), filled, elsewhere)
    call = write_call(_SHAPE, (Step(signature, arguments),), app=app, corr_id=request_corr_id.get)
    return _described(call, handler, arguments)


def _described(call: RouteHandler, handler: RouteHandler, arguments: Collection[Argument]) -> RouteHandler:
    update_wrapper(call, handler)
    described: Any = call
    del described.__wrapped__  # else the injected parameters show again
    injected = {argument.parameter.name for argument in arguments}
    visible = [one for name, one in inspect.signature(handler).parameters.items() if name not in injected]
    described.__signature__ = inspect.Signature(visible)
    # As values, since whoever reads names (sanic-ext does) would look for them among the globals of the call.
    namespace = getattr(layers_of(handler)[-1], "__globals__", {})
    readable = {name: read(one, namespace) for name, one in call.__annotations__.items() if name not in injected}
    described.__annotations__ = {name: one for name, one in readable.items() if not isinstance(one, Unreadable)}
    return call
