"""The HTTP client of a harness."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers

from containers.application import create_container
from eventy.app.settings import Settings
from eventy.testing import client
from eventy.testing.harness import Harness, HarnessError
from payment.model import Payment
from payment.repository.memory import MemoryPaymentRepository
from tests.testing.service import service

BODY = {"contract_id": "c1", "amount": 1_250, "currency": "EUR"}


async def test_client_is_that_of_the_running_server_after_a_crash_too(tmp_path: Path) -> None:
    container = create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))
    async with Harness(container) as app:
        accepted = await app.http.post("/payments", json=BODY)
        assert accepted.status_code == 202
        await app.settled()
        await app.crash_and_restart()
        payment = await app.http.get(accepted.headers["Location"])
        assert payment.json()["status"] == "created"
        with app.broker_down():
            assert (await app.http.post("/payments", json=BODY)).status_code == 503
            ready = await app.http.get("/health/ready")
            assert ready.status_code == 503
            assert "is down" in ready.text
        assert (await app.http.get("/health/ready")).status_code == 200
        assert (await app.http.post("/payments", json=BODY)).status_code == 202
        await app.settled()
        assert len(app.emitted("payment-events")) == 2


async def test_request_that_is_under_way_is_cut_off_by_a_crash(tmp_path: Path) -> None:
    class Stuck(MemoryPaymentRepository):
        asked = asyncio.Event()

        async def get(self, payment_id: str) -> Payment | None:
            self.asked.set()
            await asyncio.Event().wait()
            return None

    container = create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))
    async with Harness(container) as app:
        with container.payment_repository.override(providers.Object(Stuck())):
            asking = asyncio.create_task(app.http.get("/payments/p1"))
            await Stuck.asked.wait()
            await app.crash_and_restart()
            with pytest.raises(httpx.TransportError):
                await asking
        assert (await app.http.get("/payments/p1")).status_code == 404


async def test_without_a_server_there_is_no_client() -> None:
    async with Harness(service()) as app:
        with pytest.raises(HarnessError, match="container's `http_server`, but it has none"):
            _ = app.http


def test_without_httpx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(client, "httpx")
    with pytest.raises(HarnessError, match=r"pip install 'eventy\[testing\]'"):
        client.client_of(create_container(Settings()), 1.0)


def test_container_that_lacks_a_name_is_refused() -> None:
    class Nothing:
        providers = {"config": None, "clock": None}  # noqa: RUF012 - it is read alone

    with pytest.raises(HarnessError, match="Nothing has no broker, event_serializer, app: a harness"):
        Harness(Nothing())
