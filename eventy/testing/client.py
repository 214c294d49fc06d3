"""The HTTP client of a harness."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ModuleNotFoundError):  # said when a client is asked for
    import httpx as httpx  # noqa: PLC0414 - whoever annotates with it takes it from here

from eventy.testing.errors import HarnessError


def client_of(container: Any, timeout: float) -> httpx.AsyncClient:
    """Return a client of the server that a container calls `http_server`.

    Parameters
        timeout: seconds for an answer.

    Raises HarnessError when there is no such server, or no httpx.
    """
    if "http_server" not in container.providers:
        raise HarnessError("`http` is a client of the container's `http_server`, but it has none of this name")
    try:
        transport = httpx.AsyncHTTPTransport()  # the environment's proxies have no business with it
    except NameError:
        raise HarnessError("`http` needs httpx, which isn't installed: pip install 'eventy[testing]'") from None
    return httpx.AsyncClient(base_url=container.http_server().url, transport=transport, timeout=timeout)
