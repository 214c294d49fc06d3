"""The short form of `make simulate`: what eventy promises is kept, whatever goes wrong."""

from __future__ import annotations

import pytest

from eventy.testing.simulation import Faults, Scenario, simulate
from tests.simulation import payments, relay

KINDS = {
    "crashes",
    "duplicates",
    "failed fetches",
    "freezes",
    "lost acknowledgements",
    "lost requests",
    "rebalances",
    "stops",
}


@pytest.mark.parametrize("scenario", [relay.at_least_once, relay.exactly_once], ids=lambda one: one.__name__)
def test_promises_are_kept_by_a_small_service(scenario: Scenario) -> None:
    report = simulate(scenario, range(150))
    print(report)
    assert report.counts.keys() >= KINDS


@pytest.mark.parametrize("scenario", [payments.at_least_once, payments.exactly_once], ids=lambda one: one.__name__)
def test_promises_are_kept_by_the_sample(scenario: Scenario) -> None:
    report = simulate(scenario, range(20))
    print(report)
    assert report.counts.keys() >= KINDS - {"stops"}


def test_nothing_goes_wrong_without_faults() -> None:
    report = simulate(relay.exactly_once, range(10), Faults.none())
    assert not report.counts
