"""The listening socket: ours, so that a taken port is our error, and port 0 is any free one."""

from __future__ import annotations

import errno
import socket

from eventy.errors import SettingsError

# Connections that the kernel holds until they are accepted, as in Sanic.
_BACKLOG = 100
_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises SettingsError when the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        variable = "PORT" if error.errno in _OF_THE_PORT else "HOST"
        reason = (error.strerror or str(error)).partition(" (while")[0]  # `create_server` repeats the address here
        mistake = f"EVENTY_HTTP_HANDLER_{variable}: can't listen on {host}:{port} ({reason}); set another one"
        raise SettingsError([f"{mistake}, or stop what uses it" if variable == "PORT" else mistake]) from error


def url_of(host: str, port: int) -> str:
    """Return the address for a client on this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
