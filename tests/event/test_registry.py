"""Which class and which handlers a name means."""

from __future__ import annotations

from typing import Any

import pytest

from eventy.errors import RegistryError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registration, Registry, on
from eventy.event.tombstone import Tombstone

CONTRACT_EVENTS = ("qotto.contract.event.ContractActivated", "qotto.contract.event.ContractSuspended")


class PaymentCreated(BaseEvent):
    @classmethod
    def name(cls) -> str:
        return "qotto.payment.event.PaymentCreated"


async def handler(event: BaseEvent) -> None:
    pass


def test_class_is_registered_for_its_own_name() -> None:
    (registration,) = Registry([PaymentCreated])
    assert registration == Registration("qotto.payment.event.PaymentCreated", PaymentCreated)


def test_registrations_keep_their_order() -> None:
    registry = Registry([PaymentCreated, on("a.*", handler)])
    registry.add(Registration("b", GenericEvent))
    assert [registration.pattern for registration in registry] == [PaymentCreated.name(), "a.*", "b"]
    assert len(registry) == 3


def test_function_is_registered_for_generic_events_unless_a_class_is_given() -> None:
    assert on("a", handler) == Registration("a", GenericEvent, (handler,))
    assert on("a", handler, cls=PaymentCreated).cls is PaymentCreated


def test_name_of_a_schema_means_that_schema_only() -> None:
    assert Registration("a.Paid", GenericEvent).matches(["a.Paid", "a.PaidTwice"]) == ("a.Paid",)


def test_name_of_a_class_means_it_alone_where_no_schema_is_known() -> None:
    class PaymentCreatedTwice(BaseEvent):
        @classmethod
        def name(cls) -> str:
            return f"{PaymentCreated.name()}Twice"

    found = Registry([PaymentCreated, PaymentCreatedTwice]).find(PaymentCreatedTwice.name())
    assert found is not None
    assert found.cls is PaymentCreatedTwice


def test_other_patterns_are_matched_from_the_start_of_a_name_only() -> None:
    assert Registration("a.P", GenericEvent).matches(["a.Paid", "b.a.Paid", "axPaid"]) == ("a.Paid", "axPaid")


def test_pattern_of_the_original_readme_matches_both_contract_events() -> None:
    registration = Registration("qotto.contract.*.Contract[Suspended|Activated]", GenericEvent)
    assert registration.matches([*CONTRACT_EVENTS, "qotto.contract.event.ContractRenamed"]) == CONTRACT_EVENTS


def test_pattern_that_is_no_regex_is_refused() -> None:
    with pytest.raises(RegistryError, match=r"GenericEvent is registered for 'a\[', which is neither the name of a "):
        Registration("a[", GenericEvent).matches(["b"])


def test_registering_what_is_no_event_class_is_refused() -> None:
    not_an_event: Any = dict
    with pytest.raises(RegistryError, match="<class 'dict'> isn't a message: list subclasses of BaseEvent"):
        Registry([not_an_event])
    with pytest.raises(RegistryError, match="<class 'dict'> is registered for 'a': expected a subclass of BaseEvent"):
        Registration("a", not_an_event)


def test_registering_for_what_is_no_text_is_refused() -> None:
    not_a_name: Any = 3
    with pytest.raises(RegistryError, match="is registered for 3: expected a schema's name or a regex"):
        Registration(not_a_name, PaymentCreated)


def test_generic_event_alone_is_refused() -> None:
    with pytest.raises(RegistryError, match="GenericEvent has no name of its own: list it as on"):
        Registry([GenericEvent])


def test_on_without_a_handler_is_refused() -> None:
    with pytest.raises(RegistryError, match="names no handler: pass at least one async function"):
        on("a")


def test_on_with_what_can_not_be_called_is_refused() -> None:
    not_a_handler: Any = "handler"
    with pytest.raises(RegistryError, match="'handler' can't be called; pass async functions"):
        on("a", not_a_handler)


def test_registration_for_tombstones_is_found_for_them_alone() -> None:
    registry = Registry([on("a.*", handler, tombstones=True), PaymentCreated])
    assert [registration.pattern for registration in registry] == [PaymentCreated.name()]
    assert [registration.pattern for registration in registry.tombstones] == ["a.*"]
    assert len(registry) == 1
    assert registry.find("a.A") is None
    assert registry.find_tombstone("a.A") == Registration("a.*", Tombstone, (handler,))
    assert registry.find_tombstone(PaymentCreated.name()) is None


def test_name_of_a_schema_means_its_tombstones_only() -> None:
    registry = Registry([on("a.Paid", handler, tombstones=True)])
    registry.know(["a.Paid", "a.PaidTwice"])
    assert registry.find_tombstone("a.Paid") is not None
    assert registry.find_tombstone("a.PaidTwice") is None


def test_class_for_tombstones_is_refused() -> None:
    with pytest.raises(
        RegistryError, match=r"on\('a', tombstones=True\) has cls=<class .*PaymentCreated'>, but a tombst"
    ):
        on("a", handler, cls=PaymentCreated, tombstones=True)


def test_tombstone_is_no_class_to_register() -> None:
    expected = r"Tombstone is no class of messages: write on\('.*', handler, tombstones=True\)"
    with pytest.raises(RegistryError, match=expected):
        on("a", handler, cls=Tombstone)
    with pytest.raises(RegistryError, match=expected):
        Registry([Tombstone])
    with pytest.raises(RegistryError, match=expected):
        Registration("a", Tombstone)


class PaidAgain(PaymentCreated):
    """Has the same name."""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (PaidAgain, PaymentCreated),
        (on(r"qotto\..*", handler), PaymentCreated),
        (PaymentCreated, on(PaymentCreated.name(), handler)),
        (on(r"qotto\..*", handler), on(r"qotto\..*", handler, handler)),
        (on(r"qotto\..*", handler, tombstones=True), on(CONTRACT_EVENTS[0], handler, tombstones=True)),
    ],
)
def test_registration_that_another_one_overtakes(first: Any, second: Any) -> None:
    registry = Registry([first, on("elsewhere", handler), second])
    registry.know(CONTRACT_EVENTS)
    ((overtaken, before),) = registry.overtaken()
    assert [before] == [*Registry([first]), *Registry([first]).tombstones]
    assert [overtaken] == [*Registry([second]), *Registry([second]).tombstones]


@pytest.mark.parametrize(
    "messages",
    [
        (PaymentCreated, on(r"qotto\..*", handler)),
        (on(r"qotto\..*Created", handler), on(r"qotto\..*", handler)),
        (on(r"qotto\..*", handler, tombstones=True), PaymentCreated),
        (on("qotto.payment", handler), on("qotto.payment.event", handler)),
    ],
)
def test_registration_that_may_get_a_message_is_not_overtaken(messages: Any) -> None:
    assert list(Registry(messages).overtaken()) == []
