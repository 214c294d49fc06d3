"""Numbers, names and errors in sentences."""

from __future__ import annotations

import pytest

from eventy.words import closest


@pytest.mark.parametrize(
    ("name", "among", "said"),
    [
        ("topik", ["topic"], " (closest: 'topic')"),
        ("topik", ["group", "clock"], ""),
        ("topik", [], ""),
        ("payment_repo", ["clock", "payment", "payment_repository"], " (closest: 'payment_repository', 'payment')"),
        ("at_leest_once", ["exactly_once", "at_least_once"], " (closest: 'at_least_once')"),
        ("xa", ["xb", "xc", "xd", "xe"], " (closest: 'xb', 'xc', 'xd')"),
        ("1", [1, None, "1"], " (closest: '1')"),
    ],
)
def test_names_that_are_most_like_a_mistaken_one_are_told(name: str, among: list[object], said: str) -> None:
    assert closest(name, among) == said


@pytest.mark.parametrize("name", ["payment.event.PaymentCreated", "PaymentCreated", "payment.command.PaymentCraeted"])
def test_class_in_another_namespace_is_closer_than_its_neighbours(name: str) -> None:
    among = ["payment.command.CreatePayment", "payment.event.Confirmed", "qotto.payment.PaymentCreated"]
    assert closest(name, among) == " (closest: 'qotto.payment.PaymentCreated')"


def test_how_much_alike_they_must_be_and_how_they_are_shown_can_be_said() -> None:
    assert closest("topics", ["topic"], cutoff=0.95) == ""
    assert closest("topics", ["topic"], shown=str.upper) == " (closest: TOPIC)"
