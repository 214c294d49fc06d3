from __future__ import annotations

from pathlib import Path

import pytest

from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry
from eventy.serializer.avro import AvroEventSerializer
from payment.commands import ConfirmPayment, CreatePayment
from payment.events import PaymentConfirmed, PaymentCreated, PaymentRejected
from payment.messages import MESSAGES
from payment.model import ContractStatus, Payment

SCHEMAS = Path(__file__).parents[2] / "avro_schemas"
DATA = {"id": "p1", "contract_id": "c1", "amount": 2**63 - 1, "currency": "EUR"}


@pytest.mark.parametrize(
    "event",
    [
        CreatePayment(DATA),
        ConfirmPayment({"id": "p1"}),
        PaymentCreated.of(Payment.create(DATA)),
        PaymentConfirmed.of(Payment.create(DATA)),
        PaymentRejected.of(Payment.create(DATA, ContractStatus.SUSPENDED)),
        GenericEvent("qotto.contract.event.ContractSuspended", {"contract_id": "c1"}),
        GenericEvent("qotto.contract.event.ContractActivated", {"contract_id": "c1"}),
    ],
    ids=lambda event: str(event.name()),
)
def test_every_message_has_a_schema_and_comes_back_as_it_was(event: BaseEvent) -> None:
    serializer = AvroEventSerializer(registry=Registry(MESSAGES), schemas_folder=SCHEMAS)
    back = serializer.decode(serializer.encode(event, corr_id="corr", timestamp=1_700_000_000_000))
    assert type(back) is type(event)
    assert back.name() == event.name()
    assert back.data == {
        **event.data,
        "schema_version": "0.0.0",
        "event_timestamp": 1_700_000_000_000,
        "correlation_id": "corr",
    }
