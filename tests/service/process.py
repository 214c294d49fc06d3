"""The sample service as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from eventy.testing.kafka.process import dies_with_parent, free_port, tail, until_exit

ROOT = Path(__file__).parents[2]
# Seconds: a process that hasn't come so far by then never will.
DEADLINE = 30.0


class Process:
    """A Python program with an HTTP port.

    Parameters
        program: arguments of the interpreter.
        folder: where it runs.
        environment: of the program, beside PATH; nothing else is inherited.
        log: where its output goes.
    """

    def __init__(
        self, program: list[str], *, folder: Path, environment: Mapping[str, str], log: Path, port: int
    ) -> None:
        self.log = log
        self.port = port
        self._arguments = [sys.executable, *program]
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}

    async def __aenter__(self) -> Self:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                self._arguments,
                cwd=self._folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - as the servers of the tests
            )
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=DEADLINE)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.aclose()
        if self._process.poll() is None:
            self._process.kill()
        await until_exit(self._process, DEADLINE)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Return the exit status."""
        return await until_exit(self._process, DEADLINE)

    async def stop(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.signal()
        return await self.ended()

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def ready(self) -> None:
        """Return when `/health/ready` says so."""
        await self.until(lambda: self.get("/health/ready"), lambda answer: answer is not None and answer.is_success)

    async def get(self, path: str) -> httpx.Response | None:
        """Return the answer, None while nobody listens."""
        try:
            return await self.http.get(path)
        except httpx.TransportError:
            return None

    async def until(self, ask: Callable[[], Any], satisfied: Callable[[Any], bool]) -> Any:
        """Ask until the answer satisfies, and return it; the program's log is part of the failure."""
        answer = None
        try:
            async with asyncio.timeout(DEADLINE):
                while not satisfied(answer := await ask()):
                    if self._process.poll() is not None:
                        raise AssertionError(f"ended with {self._process.returncode}:\n{tail(self.log)}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"still {answer!r} after {DEADLINE:g} s:\n{tail(self.log)}") from None
        return answer


def service(folder: Path, name: str = "service", **environment: str) -> Process:
    """Return the sample service, its database in `folder`.

    Parameters
        environment: settings beside.
    """
    port = free_port()
    settings = {
        "EVENTY_HTTP_HANDLER_PORT": str(port),
        "EVENTY_ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/payments.db",
        **environment,
    }
    return Process(["main.py"], folder=ROOT, environment=settings, log=folder / f"{name}.log", port=port)


async def payment_is(process: Process, payment_id: str, status: str) -> dict[str, Any]:
    """Return a payment as soon as it has a status."""

    async def ask() -> dict[str, Any]:
        answer = await process.http.get(f"/payments/{payment_id}")
        found: dict[str, Any] = answer.json()
        return found

    found: dict[str, Any] = await process.until(ask, lambda payment: payment.get("status") == status)
    return found


async def create_payment(process: Process, contract_id: str = "c1", amount: int = 1250) -> str:
    """Ask for a payment and return its id."""
    body = {"contract_id": contract_id, "amount": amount, "currency": "EUR"}
    answer = await process.http.post("/payments", json=body)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    payment_id: str = answer.json()["id"]
    assert answer.headers["Location"] == f"/payments/{payment_id}"
    return payment_id
