from __future__ import annotations

import pytest

from eventy.event.generic import GenericEvent
from payment.handlers import contract_changed
from payment.model import ContractStatus
from payment.repository.memory import MemoryContractRepository


async def test_contract_events_change_its_status() -> None:
    contracts = MemoryContractRepository()
    await contract_changed(GenericEvent("qotto.contract.event.ContractSuspended", {"contract_id": "c1"}), contracts)
    assert await contracts.status("c1") is ContractStatus.SUSPENDED
    await contract_changed(GenericEvent("qotto.contract.event.ContractActivated", {"contract_id": "c1"}), contracts)
    assert await contracts.status("c1") is ContractStatus.ACTIVE
    assert await contracts.status("c2") is None


@pytest.mark.parametrize("name", ["ContractSigned", "ContractSuspendedByMistake", "Contract|"])
async def test_other_events_that_the_expression_lets_through_change_nothing(name: str) -> None:
    contracts = MemoryContractRepository()
    await contract_changed(GenericEvent(f"qotto.contract.event.{name}", {"contract_id": "c1"}), contracts)
    assert await contracts.status("c1") is None
