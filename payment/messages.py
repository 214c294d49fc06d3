"""What this service handles: its own commands and events, and the contract team's events, which have no class here."""

from __future__ import annotations

from eventy.event.registry import on
from payment.commands import ConfirmPayment, CreatePayment
from payment.events import PaymentConfirmed, PaymentCreated, PaymentRejected
from payment.handlers import contract_changed

MESSAGES = (
    CreatePayment,
    ConfirmPayment,
    PaymentCreated,
    PaymentConfirmed,
    PaymentRejected,
    on("qotto.contract.*.Contract[Suspended|Activated]", contract_changed),
)
