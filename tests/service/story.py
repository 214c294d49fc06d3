"""What the README promises of the sample service, told to a running one."""

from __future__ import annotations

import httpx

from tests.service.process import Process, create_payment, payment_is


async def create_confirm_suspend_reject(asked: Process, answering: Process) -> None:
    """Go through the life of payments.

    Parameters
        asked: the process that gets the requests.
        answering: the process that is asked what came of them.
    """
    first = await create_payment(asked)
    assert await payment_is(answering, first, "created") == {
        "id": first,
        "contract_id": "c1",
        "amount": 1250,
        "currency": "EUR",
        "status": "created",
    }

    sms = await asked.http.post("/sms", json={"from": "+33612345678", "text": f"PAY {first}"})
    assert sms.status_code == httpx.codes.ACCEPTED
    await payment_is(answering, first, "confirmed")

    suspend = await asked.http.put("/contracts/c1/status", json={"status": "suspended"})
    assert suspend.status_code == httpx.codes.ACCEPTED
    await rejected_from_now_on(asked, answering, "c1")

    activate = await asked.http.put("/contracts/c1/status", json={"status": "active"})
    assert activate.status_code == httpx.codes.ACCEPTED
    await payment_is(answering, first, "confirmed")

    listed = (await answering.http.get("/payments", params={"contract_id": "c1"})).json()
    assert {"id": first, "contract_id": "c1", "amount": 1250, "currency": "EUR", "status": "confirmed"} in listed


async def rejected_from_now_on(asked: Process, answering: Process, contract_id: str) -> None:
    """Ask for payments until one is rejected: the suspension travels on another topic and may take a moment."""

    async def ask() -> str:
        payment_id = await create_payment(asked, contract_id)
        await answering.until(
            lambda: answering.http.get(f"/payments/{payment_id}"), lambda answer: bool(answer.is_success)
        )
        status: str = (await answering.http.get(f"/payments/{payment_id}")).json()["status"]
        return status

    await asked.until(ask, lambda status: status == "rejected")
