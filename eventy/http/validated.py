"""What sanic-ext's `@validate` passes to a handler by keyword: the body and the query that it has checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from eventy.injection import RouteHandler, layers_of

_MODULE = "sanic_ext.extras.validation.decorator"
_OWNER = "its @validate"


def passed_by_validate(handler: RouteHandler) -> dict[str, str]:
    """Return the names of what `@validate` passes on; empty where it isn't used."""
    return dict.fromkeys(_passed(handler), _OWNER)


def _passed(handler: RouteHandler) -> Iterator[str]:
    for layer in layers_of(handler):
        # By its globals: functools.wraps gives it the name and the module of the user's function.
        if isinstance(layer, FunctionType) and layer.__globals__.get("__name__") == _MODULE:
            told: Any = inspect.getclosurevars(layer).nonlocals
            taken = inspect.signature(layer).parameters
            for name, models in (
                (told["body_argument"], (told["json"], told["form"])),
                (told["query_argument"], (told["query"],)),
            ):
                # A function in place of a model passes on what it likes.
                if any(inspect.isclass(model) or (model is not None and name in taken) for model in models):
                    yield name
