"""The simulation finds bugs: each is planted, and caught by one of the first seeds, which are green without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventy.testing.simulation import Faults, Scenario, SimulationFailedError, simulate
from tests.simulation import payments, plants, relay

MOST = 1_000
ZOMBIES = Faults(freezes=40)
HASTY = Faults(
    lost_requests=0.2, rebalances=400, freezes=0, stops=0, failed_fetches=0, crashes=0, crashes_at_requests=0
)

PLANTS: list[tuple[Callable[[pytest.MonkeyPatch], None], Scenario, Faults | None, str]] = [
    (plants.commit_before_flush, relay.at_least_once, None, "nothing lost: .* not everything is written"),
    (
        plants.missing_fence,
        relay.exactly_once,
        ZOMBIES,
        "exactly once: .* the event is there [23] times|offsets never backwards",
    ),
    (plants.lost_seek, relay.at_least_once, None, "nothing lost: .* hasn't been handled"),
    (plants.lost_seek, relay.exactly_once, None, "nothing lost: .* hasn't been handled"),
    (plants.commit_before_flush, payments.at_least_once, None, "nothing lost: "),
    (plants.lost_seek, payments.at_least_once, None, "nothing lost: "),
    (plants.missing_fence, payments.exactly_once, None, "offsets never backwards"),
    (plants.lost_sends_of_a_flush, relay.at_least_once, None, "nothing lost: .* not everything is written"),
    (plants.doubt_is_forgotten, relay.exactly_once, None, "exactly once: .* the event is there [23] times"),
    (plants.keys_side_by_side, relay.at_least_once, None, "order by key: group g handles .* hasn't been handled"),
    (plants.sends_are_not_held_back, relay.at_least_once, None, "failed attempts send nothing: event .*"),
    (plants.overtaking_at_a_stop, relay.at_least_once, HASTY, "order by key: what group g has sent for .* before"),
]


@pytest.mark.parametrize(
    ("plant", "scenario", "faults", "found"),
    PLANTS,
    ids=[f"{plant.__name__}-{scenario.__module__}-{scenario.__name__}" for plant, scenario, *_ in PLANTS],
)
def test_planted_bug_is_caught_and_the_same_seeds_are_green_without_it(
    plant: Callable[[pytest.MonkeyPatch], None], scenario: Scenario, faults: Faults | None, found: str
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        plant(monkeypatch)
        with pytest.raises(SimulationFailedError, match=found) as caught:
            simulate(scenario, range(MOST), faults)
    seeds = caught.value.outcome.seed + 1
    print(f"{plant.__name__}: {plant.__doc__} Caught by seed {seeds - 1}, after {seeds} of at most {MOST} seeds")
    assert simulate(scenario, range(seeds), faults).seeds == seeds
