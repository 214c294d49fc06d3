"""What this service does about the events of other teams."""

from __future__ import annotations

from eventy.event.generic import GenericEvent
from payment.model import ContractStatus
from payment.repository.base import ContractRepository

_STATUS_AFTER = {"ContractActivated": ContractStatus.ACTIVE, "ContractSuspended": ContractStatus.SUSPENDED}


async def contract_changed(event: GenericEvent, contract_repository: ContractRepository) -> None:
    """Keep a contract's status, for the payments to come. Data: `contract_id`.

    Events that say nothing about it are passed over: the expression in `payment.messages` lets more through than the
    two it names, for in a regular expression `[Suspended|Activated]` is a single one of these letters.
    """
    status = _STATUS_AFTER.get(event.name().rpartition(".")[2])
    if status is not None:
        await contract_repository.set_status(event.data["contract_id"], status)
