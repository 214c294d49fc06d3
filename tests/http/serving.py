"""Servers on free ports, for real clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry
from sanic import Blueprint

from eventy.errors import InjectionError
from eventy.http.server import SanicServer
from eventy.telemetry.metrics import Metrics


class Repository:
    """Knows who it is."""

    def __init__(self, name: str = "real") -> None:
        self.name = name


class ApplicationContainer(containers.DeclarativeContainer):
    repository = providers.Singleton(Repository)


class App:
    """An application as the server knows it."""

    def __init__(self) -> None:
        self.container: Any = ApplicationContainer()
        self.metrics: CollectorRegistry = Metrics()
        self.reasons: dict[str, str] = {}

    def readiness(self) -> Mapping[str, str]:
        return self.reasons


@asynccontextmanager
async def served(*blueprints: Blueprint, app: App | None = None, **more: Any) -> AsyncIterator[SanicServer]:
    """Serve blueprints on a free port."""
    server = SanicServer(port=0, blueprints=blueprints, **more)
    await server.start(app or App())
    try:
        yield server
    finally:
        await server.stop()


class Client:
    """A client that writes and reads bytes as a test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, server: SanicServer) -> Client:
        return cls(*await asyncio.open_connection(server.host, server.port))

    def send(self, text: str) -> None:
        self._writer.write(text.encode())

    def get(self, path: str) -> None:
        self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")

    async def head(self) -> str:
        """Read a response's head, and skip its body."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(line for line in head.splitlines() if line.startswith("content-length:"))
        await self._reader.readexactly(int(length.split(":")[1]))
        return head

    async def rest(self) -> bytes:
        """Read until the server closes."""
        return await self._reader.read()

    def close(self) -> None:
        self._writer.close()


async def ask(server: SanicServer, path: str, method: str = "GET", **more: Any) -> httpx.Response:
    """Send one request by a real client."""
    async with httpx.AsyncClient(
        base_url=server.url, verify=False
    ) as client:  # plain HTTP, so no context of TLS is made
        return await client.request(method, path, **more)


def refused(server: SanicServer, app: App | None = None) -> list[str]:
    """Return what is wrong with a server's routes, in order."""
    with pytest.raises(InjectionError) as raised:
        server.prepare(app or App())
    return sorted(str(raised.value).splitlines())
