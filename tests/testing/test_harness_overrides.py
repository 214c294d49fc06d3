"""Overrides that are made inside a `Harness` end there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from containers.application import ApplicationContainer, create_container
from eventy.app.settings import Settings
from eventy.testing.clock import VirtualClock
from eventy.testing.harness import Harness
from eventy.testing.overrides import OverrideError
from payment.commands import CreatePayment
from payment.repository.memory import MemoryPaymentRepository
from payment.repository.sql import SqlPaymentRepository

CREATE = {"id": "p1", "contract_id": "c1", "amount": 1250, "currency": "EUR"}


@pytest.fixture
def container(tmp_path: Path) -> ApplicationContainer:
    return create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))


async def test_override_made_inside_and_not_undone_is_named(container: ApplicationContainer) -> None:
    untyped: Any = container
    with pytest.raises(OverrideError) as raised:
        async with Harness(container) as app:
            untyped.payment.payment_repository.override(MemoryPaymentRepository())
            untyped.clock.override(providers.Object(app.clock))  # on top of the harness's own
    assert str(raised.value).splitlines()[1:] == [
        "  'clock': overridden by a VirtualClock",
        "  'payment_repository': overridden by a MemoryPaymentRepository",
    ]
    assert not isinstance(untyped.clock(), VirtualClock)
    assert isinstance(untyped.payment_repository(), SqlPaymentRepository)


async def test_override_made_before_stays(container: ApplicationContainer) -> None:
    with container.payment_repository.override(providers.Object(fake := MemoryPaymentRepository())):
        async with Harness(container) as app:
            await app.send(CreatePayment(CREATE), "payment-commands")
            await app.settled()
        assert container.payment_repository() is fake
    assert await fake.get("p1") is not None


async def test_settings_come_back_though_the_body_undid_the_harness(container: ApplicationContainer) -> None:
    async with Harness(container):
        container.clock.reset_override()
    assert not isinstance(container.clock(), VirtualClock)
    assert container.config.http_handler_port() == Settings().http_handler_port


async def test_failing_test_is_shown_before_its_override(container: ApplicationContainer) -> None:
    with pytest.raises(AssertionError, match="of the test") as raised:
        async with Harness(container) as app:
            app.container.payment_repository.override(providers.Object(MemoryPaymentRepository()))
            raise AssertionError("of the test")
    assert "'payment_repository': overridden by a MemoryPaymentRepository" in raised.value.__notes__[0]
