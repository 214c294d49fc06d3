"""Which handlers an event reaches."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from dependency_injector import containers, providers

from eventy.command.base import BaseCommand
from eventy.errors import InjectionError, RegistryError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.event.tombstone import Tombstone
from eventy.handler.attempt import Disposition
from eventy.handler.dispatch import Dispatcher
from eventy.message.context import Context
from eventy.message.record import Header

APP = object()
seen: list[Any] = []


class ApplicationContainer(containers.DeclarativeContainer):
    journal = providers.Object(seen)


class ARecord:
    """A record off no broker."""

    topic, partition, offset, timestamp = "payments", 0, 7, 0
    key: bytes | None = None
    value: bytes | None = b""
    headers: tuple[Header, ...] = (("ce_id", b"m-1"),)


class CreatePayment(BaseCommand):
    @classmethod
    def name(cls) -> str:
        return "payment.CreatePayment"

    async def execute(self, journal: Any) -> None:
        seen.append(("executed", self))


class PaymentCreated(BaseEvent):
    @classmethod
    def name(cls) -> str:
        return "payment.PaymentCreated"

    async def handle(self, journal: Any) -> None:
        seen.append(("handled", self))


async def audit(event: BaseEvent, journal: list[Any]) -> None:
    seen.append(("audited", event))


async def count(event: BaseEvent, app: object, context: Context) -> None:
    seen.append(("counted", event))


@dataclass
class Counting:
    """A handler that has a state."""

    count: int = 0

    async def __call__(self, event: BaseEvent) -> None:
        self.count += 1
        seen.append(("counted", event))


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


def _dispatcher(*messages: Any, schemas: tuple[str, ...] = ()) -> Dispatcher:
    container: Any = ApplicationContainer()
    registry = Registry(messages)
    registry.know(schemas)
    return Dispatcher(registry, container, APP)


async def _deliver(dispatcher: Dispatcher, event: BaseEvent) -> list[str]:
    seen.clear()
    await dispatcher.deliver(event, Context(ARecord()))
    assert all(reached is event for _, reached in seen)
    return [how for how, _ in seen]


async def test_command_is_executed_and_event_handled() -> None:
    dispatcher = _dispatcher(CreatePayment, PaymentCreated)
    assert await _deliver(dispatcher, CreatePayment({})) == ["executed"]
    assert await _deliver(dispatcher, PaymentCreated({})) == ["handled"]


async def test_functions_run_in_order_instead_of_the_class() -> None:
    dispatcher = _dispatcher(on("payment.PaymentCreated", count, audit, cls=PaymentCreated))
    assert await _deliver(dispatcher, PaymentCreated({})) == ["counted", "audited"]


async def test_class_is_found_though_it_is_registered_for_another_name() -> None:
    dispatcher = _dispatcher(on("another.name", audit, cls=PaymentCreated))
    assert await _deliver(dispatcher, PaymentCreated({})) == ["audited"]


async def test_class_with_the_same_handlers_everywhere_is_found() -> None:
    dispatcher = _dispatcher(on("a.A", audit, cls=PaymentCreated), on("b.B", audit, cls=PaymentCreated))
    assert await _deliver(dispatcher, PaymentCreated({})) == ["audited"]


async def test_class_with_several_handlers_is_told_by_name() -> None:
    dispatcher = _dispatcher(
        on("a.A", count, cls=PaymentCreated), on("payment.PaymentCreated", audit, cls=PaymentCreated)
    )
    assert await _deliver(dispatcher, PaymentCreated({})) == ["audited"]


async def test_handlers_may_be_objects_that_are_equal_and_cannot_be_hashed() -> None:
    one, other = Counting(), Counting()
    dispatcher = _dispatcher(
        on("payment.PaymentCreated", one, cls=PaymentCreated), on("a.A", other, cls=PaymentCreated)
    )
    assert await _deliver(dispatcher, PaymentCreated({})) == ["counted"]
    assert (one, other) == (Counting(1), Counting(0))
    dispatcher = _dispatcher(on("a.A", one, other, tombstones=True))
    assert await _deliver(dispatcher, Tombstone("a.A")) == ["counted", "counted"]


async def test_generic_event_is_told_by_name() -> None:
    dispatcher = _dispatcher(on("a.A", count), on("a.B", audit))
    assert await _deliver(dispatcher, GenericEvent("a.B", {})) == ["audited"]


async def test_name_of_a_schema_means_itself_only() -> None:
    dispatcher = _dispatcher(
        on("a.Created", count), on("a.CreatedLater", audit), schemas=("a.Created", "a.CreatedLater")
    )
    assert await _deliver(dispatcher, GenericEvent("a.CreatedLater", {})) == ["audited"]
    assert await _deliver(dispatcher, GenericEvent("a.CreatedNever", {})) == []


async def test_pattern_that_no_schema_has_as_its_name_is_a_regex_whatever_it_looks_like() -> None:
    dispatcher = _dispatcher(on("a.Created", count), schemas=("a.CreatedLater",))
    assert await _deliver(dispatcher, GenericEvent("a.CreatedLater", {})) == ["counted"]


async def test_regex_matches_from_the_beginning() -> None:
    dispatcher = _dispatcher(on("qotto.contract.*.Contract[Suspended|Activated]", audit))
    for name in ("qotto.contract.event.ContractSuspended", "qotto.contract.event.ContractActivated"):
        assert await _deliver(dispatcher, GenericEvent(name, {})) == ["audited"]
    assert await _deliver(dispatcher, GenericEvent("other.qotto.contract.event.ContractSuspended", {})) == []


async def test_first_registration_that_matches_wins() -> None:
    dispatcher = _dispatcher(on("a.*", count), on("a.A", audit))
    assert await _deliver(dispatcher, GenericEvent("a.A", {})) == ["counted"]


async def test_only_generic_registration_does_not_take_every_generic_event(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = _dispatcher(on("a.A", audit))
    with caplog.at_level(logging.DEBUG, "eventy.handler.dispatch"):
        for _ in range(3):
            assert await _deliver(dispatcher, GenericEvent("b.B", {})) == []
    assert caplog.messages == ["nothing is registered for b.B: its messages are passed over"]


async def test_event_of_an_unregistered_class_is_passed_over() -> None:
    assert await _deliver(_dispatcher(CreatePayment), PaymentCreated({})) == []


async def test_tombstone_reaches_the_first_registration_for_tombstones_that_matches() -> None:
    dispatcher = _dispatcher(
        PaymentCreated,
        on("payment.PaymentConfirmed", count, tombstones=True),
        on("payment.*", audit, count, tombstones=True),
        on("payment.PaymentCreated", count, tombstones=True),
    )
    assert await _deliver(dispatcher, Tombstone("payment.PaymentCreated")) == ["audited", "counted"]


async def test_tombstone_and_event_of_one_name_have_their_own_handlers() -> None:
    dispatcher = _dispatcher(on("a.A", count), on("a.A", audit, tombstones=True))
    assert await _deliver(dispatcher, GenericEvent("a.A", {})) == ["counted"]
    assert await _deliver(dispatcher, Tombstone("a.A")) == ["audited"]


async def test_handlers_of_tombstones_are_for_nothing_else() -> None:
    dispatcher = _dispatcher(on(".*", audit, tombstones=True))
    assert await _deliver(dispatcher, GenericEvent("a.A", {})) == []
    assert await _deliver(dispatcher, PaymentCreated({})) == []


async def test_handlers_of_events_are_not_for_tombstones(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = _dispatcher(on(".*", audit), PaymentCreated, on("a.B", audit, tombstones=True))
    with caplog.at_level(logging.DEBUG, "eventy.handler.dispatch"):
        for name in ("payment.PaymentCreated", "a.A", "a.A"):
            assert await _deliver(dispatcher, Tombstone(name)) == []
    assert caplog.messages == [
        f"nothing is registered for tombstones of {name}: they are passed over"
        for name in ("payment.PaymentCreated", "a.A")
    ]


async def test_only_what_has_no_handler_counts_as_passed_over() -> None:
    dispatcher, context = _dispatcher(on("a.A", audit), on("a.A", audit, tombstones=True)), Context(ARecord())
    for event in (GenericEvent("a.A", {}), Tombstone("a.A")):
        assert await dispatcher.deliver(event, context) is None
    for event in (GenericEvent("a.B", {}), Tombstone("a.B")):
        assert await dispatcher.deliver(event, context) is Disposition.PASSED_OVER


async def test_failure_comes_through() -> None:
    async def fail(event: BaseEvent) -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await _deliver(_dispatcher(on("a.A", fail)), GenericEvent("a.A", {}))


def test_command_without_execute_is_refused() -> None:
    class Reject(BaseCommand):
        pass

    with pytest.raises(InjectionError) as raised:
        _dispatcher(Reject)
    assert str(raised.value).endswith(
        f"Reject, registered for {Reject.name()!r}, has no execute(): define `async def execute(self, …)`, "
        f"or register functions for it with on(…)"
    )


def test_command_without_execute_may_have_functions() -> None:
    class Reject(BaseCommand):
        pass

    _dispatcher(on("a.Reject", audit, cls=Reject))


def test_all_mistakes_of_all_handlers_come_together() -> None:
    class Reject(BaseCommand):
        pass

    async def unknown(event: BaseEvent, xyzzy: int, plugh: str) -> None: ...

    def sync(event: BaseEvent) -> None: ...

    with pytest.raises(InjectionError) as raised:
        _dispatcher(Reject, on("a.A", unknown, sync), CreatePayment)  # type: ignore[arg-type]  # the mistake
    lines = str(raised.value).splitlines()
    assert [text in line for text, line in zip(("Reject", "'xyzzy", "'plugh", "is not async"), lines, strict=True)] == (
        [True] * 4
    )


def test_mistakes_of_handlers_of_tombstones_end_the_start_too() -> None:
    async def unknown(event: Tombstone, xyzzy: int) -> None: ...

    with pytest.raises(InjectionError, match="'xyzzy"):
        _dispatcher(on("a.A", unknown, tombstones=True))
    with pytest.raises(RegistryError, match="neither the name of a schema nor a regular expression"):
        _dispatcher(on("a.[", audit, tombstones=True))


def test_pattern_that_is_no_regex_is_refused() -> None:
    with pytest.raises(RegistryError, match="neither the name of a schema nor a regular expression"):
        _dispatcher(on("a.[", audit))
