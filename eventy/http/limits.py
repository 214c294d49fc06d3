"""Request bodies that are too large: refused so that the client reads the answer."""

from __future__ import annotations

from typing import Any

from sanic import Request

from eventy.errors import ConfigurationError

# Bytes of the largest request body: those of 1 MB and more are refused with 413.
MAX_BODY_SIZE = 999_999
# Sanic cuts the limit of request heads, 8192 bytes, down to that of bodies, for all servers of the process.
_LEAST = 8_192
# Bytes of a refused body that are read and dropped.
_DROPPED = 64_000_000


def checked_size(max_body_size: int) -> int:
    """Return the limit. Raises ConfigurationError for one that would be that of request heads as well."""
    if max_body_size < _LEAST:
        raise ConfigurationError(
            f"max_body_size is {max_body_size}, expected at least {_LEAST} bytes: Sanic would refuse longer request "
            f"heads as well, on every server of the process"
        )
    return max_body_size


def drop_body(request: Request[Any, Any]) -> None:
    """Have the rest of a refused body read and dropped.

    A socket that is closed with unread bytes resets the connection, and the client may lose the answer (RFC 9112,
    section 9.6). Sanic itself drops what the body's limit still allows, which is nothing here, so the limit is raised;
    the connection closes afterwards.
    """
    http: Any = request.stream
    if http is not None:
        http.request_max_size = http.protocol.request_max_size = _DROPPED
