"""Failures as JSON, one shape for all of them: `{"errors": [{"field": …, "message": …}]}`."""

from __future__ import annotations

import logging
from traceback import format_exception
from typing import Any

from sanic import HTTPResponse, Request
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import json

from eventy.errors import BrokerUnavailableError
from eventy.http.limits import drop_body

_INTERNAL, _UNAVAILABLE = 500, 503

logger = logging.getLogger(__name__)


class JsonErrorHandler(ErrorHandler):
    """Answers for exceptions that the user has no handler for.

    A Sanic exception has its own status, headers and message; a broker that is away makes 503; anything else is
    logged with its traceback and makes 500, without a word about its cause unless in debug mode.
    """

    def response(self, request: Request[Any, Any], exception: Exception) -> Any:
        if isinstance(exception, PayloadTooLarge):
            drop_body(request)
        return super().response(request, exception)  # type: ignore[no-untyped-call]  # Sanic gives it no types

    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        if isinstance(exception, BrokerUnavailableError):
            logger.warning("%s %s: %s", request.method, request.path, exception)
            return errors(_UNAVAILABLE, str(exception))
        if isinstance(exception, SanicException) and exception.status_code != _INTERNAL:
            return errors(exception.status_code, exception.message, headers=exception.headers)
        if not getattr(exception, "quiet", False):
            logger.error("%s %s failed", request.method, request.path, exc_info=exception)
        if request.app.debug:
            return errors(_INTERNAL, "".join(format_exception(exception)))
        return errors(_INTERNAL, "internal error: see the server's log")


def errors(status: int, message: str, field: str | None = None, headers: dict[str, str] | None = None) -> HTTPResponse:
    """Return a response about one mistake.

    Parameters
        field: the field of the request's body that is wrong, where it is one.
    """
    return json({"errors": [{"field": field, "message": message}]}, status=status, headers=headers)
