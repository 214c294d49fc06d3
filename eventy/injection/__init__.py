"""Reads a signature once, finds where each parameter comes from, and compiles the call."""

from dependency_injector.containers import Container
from dependency_injector.wiring import Provide

from eventy.injection.fit import refuse_unbound, refuse_unmade
from eventy.injection.handlers import Call, compile_handler, compile_handlers
from eventy.injection.mistakes import Mistakes, attempt_all
from eventy.injection.names import check_names
from eventy.injection.routes import IN_PATH, RouteHandler, compile_route
from eventy.injection.signature import layers_of, refuse_sync
from eventy.injection.uninjected import refuse_markers, refuse_parameters

__all__ = [
    "IN_PATH",
    "Call",
    "Container",
    "Mistakes",
    "Provide",
    "RouteHandler",
    "check_names",
    "attempt_all",
    "compile_handler",
    "compile_handlers",
    "compile_route",
    "layers_of",
    "refuse_markers",
    "refuse_parameters",
    "refuse_sync",
    "refuse_unbound",
    "refuse_unmade",
]
