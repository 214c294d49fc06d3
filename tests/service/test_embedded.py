"""The sample service on the embedded default: one process, no server beside it."""

from __future__ import annotations

import re
import sqlite3
from asyncio import gather
from contextlib import closing
from pathlib import Path

import httpx

from tests.service.process import create_payment, payment_is, service
from tests.service.story import create_confirm_suspend_reject


async def test_payment_is_created_confirmed_and_rejected_once_its_contract_is_suspended(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        await create_confirm_suspend_reject(process, process)
        assert await process.stop() == 0
    assert "Traceback" not in process.output()


async def test_start_says_where_the_service_is_and_what_to_try(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        assert f"http://127.0.0.1:{process.port}" in process.output()
        assert f"curl -X POST http://127.0.0.1:{process.port}/payments" in process.output()


async def test_every_accepted_request_is_handled_before_the_process_ends(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        accepted = [id_ for _ in range(20) for id_ in await gather(*(create_payment(process) for _ in range(50)))]
        assert await process.stop() == 0, process.output()
    assert stored(tmp_path) == set(accepted)


async def test_shutdown_deadline_names_how_many_messages_are_lost(tmp_path: Path) -> None:
    async with service(tmp_path, EVENTY_SHUTDOWN_TIMEOUT="1") as process:
        await process.ready()
        accepted = [id_ for _ in range(30) for id_ in await gather(*(create_payment(process) for _ in range(50)))]
        status = await process.stop()
    kept = stored(tmp_path)
    if status == 0:  # a machine so fast that all was done within the deadline's grace
        assert kept == set(accepted)
        return
    assert status == 3
    lost = re.search(r"consumer of payment-commands \(group payment\): .*; (\d+) messages? w", process.output())
    assert lost is not None, process.output()
    assert len(kept) + int(lost[1]) >= len(accepted)


async def test_payment_that_nobody_asked_for_is_not_found_as_json(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        answer = await process.http.get("/payments/nothing")
        assert answer.status_code == httpx.codes.NOT_FOUND
        assert [error["field"] for error in answer.json()["errors"]] == [None]


async def test_body_of_a_megabyte_is_refused_and_one_below_is_read(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        too_large = await process.http.post("/payments", content=b" " * 1_000_000)
        assert too_large.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        read = await process.http.post("/payments", content=b" " * 999_000)
        assert read.status_code == httpx.codes.BAD_REQUEST


async def test_bad_bodies_are_the_clients_mistake_never_the_services(tmp_path: Path) -> None:
    bodies = [b"", b"null", b"[]", b"{", b"\xff", b'{"amount": 1e400}', b"[" * 100_000, b'{"contract_id": "\\ud800"}']
    async with service(tmp_path) as process:
        await process.ready()
        for path in ("/payments", "/sms"):
            for body in bodies:
                answer = await process.http.post(path, content=body)
                assert answer.status_code == httpx.codes.BAD_REQUEST, (path, body[:20], answer.text)
                assert all({"field", "message"} == set(error) for error in answer.json()["errors"])
        await payment_is(process, await create_payment(process), "created")


async def test_correlation_id_of_a_request_comes_back(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        answer = await process.http.get("/payments/x", headers={"X-Correlation-ID": "from-the-client"})
        assert answer.headers["X-Correlation-ID"] == "from-the-client"


async def test_pages_describe_the_routes(tmp_path: Path) -> None:
    async with service(tmp_path) as process:
        await process.ready()
        described = (await process.http.get("/docs/openapi.json")).json()
        assert {"/payments", "/payments/{payment_id}", "/sms", "/contracts/{contract_id}/status"} <= set(
            described["paths"]
        )
        assert "event_emitter" not in str(described)
        assert (await process.http.get("/docs")).is_success


def stored(folder: Path) -> set[str]:
    """Return the ids of the payments in the service's database."""
    with closing(sqlite3.connect(folder / "payments.db")) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM payments")}


async def test_payments_live_in_postgresql_when_the_setting_says_so(tmp_path: Path, postgres_url: str) -> None:
    async with service(tmp_path, DATABASE_URL=postgres_url) as process:
        await process.ready()
        await create_confirm_suspend_reject(process, process)
        payment = await create_payment(process, contract_id="kept")
        assert await process.stop() == 0
    async with service(tmp_path, "again", DATABASE_URL=postgres_url) as process:
        await process.ready()
        await payment_is(process, payment, "created")
        assert await process.stop() == 0
    assert not (tmp_path / "payments.db").exists()
