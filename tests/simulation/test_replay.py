"""A seed does the same again, in any process, and a failing one is told with the command that plays it."""

from __future__ import annotations

import shlex
import sys

import pytest

from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.event.generic import GenericEvent
from eventy.testing.simulation import Faults, Simulation, SimulationError, SimulationFailedError, simulate
from eventy.testing.simulation.replay import command
from eventy.testing.simulation.run import play
from tests.simulation import payments, relay
from tests.simulation.commands import ROOT, ran

pytest_plugins = ["pytester"]
DIGESTS = """
from eventy.testing.simulation.replay import command
from eventy.testing.simulation.run import play
from tests.simulation import payments, relay
for scenario in (relay.at_least_once, relay.exactly_once, payments.at_least_once, payments.exactly_once):
    print(*(play(scenario, seed).digest for seed in range(6)))
"""


def test_same_seeds_do_the_same_in_processes_whose_hashes_differ() -> None:
    one, other = (ran([sys.executable, "-c", DIGESTS], PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert one == other
    here = [
        " ".join(play(scenario, seed).digest for seed in range(6))
        for scenario in (relay.at_least_once, relay.exactly_once, payments.at_least_once, payments.exactly_once)
    ]
    assert one.splitlines() == here
    assert len(set(one.split())) == 24  # and no two of them are alike


async def forgetful(simulation: Simulation) -> None:
    """Expect what nobody has promised: that no message is handled twice."""
    handled: list[int] = []

    async def count(event: GenericEvent) -> None:
        handled.append(event.data["n"])

    await relay.play(simulation, "at_least_once", count)
    assert len(set(handled)) == len(handled), f"handled {handled}"


def test_failing_seed_is_told_with_the_command_that_plays_it_again() -> None:
    with pytest.raises(SimulationFailedError, match=r"AssertionError: handled \[0, 1") as caught:
        simulate(forgetful, faults=Faults(crashes=20))
    failure = caught.value
    assert str(failure).endswith(f"Play it again:\n  {failure.command}")
    assert "--fault=crashes=20" in failure.command
    replay = ran(shlex.split(failure.command))
    assert replay.returncode == 1
    told = replay.stdout
    assert told.splitlines()[: len(failure.outcome.lines)] == failure.outcome.lines
    assert f"digest {failure.outcome.digest}," in told
    assert "This isn't what came" not in told
    assert f"It fails: AssertionError: {str(failure.outcome.error).splitlines()[0]}" in told


KEYS = {"alpha", "beta", "gamma", "delta"}


async def scatter(event: GenericEvent, event_emitter: BaseEventEmitter) -> None:
    for key in KEYS:
        await event_emitter.send(GenericEvent("event", {**event.data, "key": key}), "out", key=key)


async def unordered(simulation: Simulation) -> None:
    await relay.play(simulation, "at_least_once", scatter)
    raise AssertionError("enough")


def test_command_has_sets_of_text_in_the_same_order_where_that_is_set() -> None:
    play_one = [sys.executable, "-m", "eventy.testing.simulation", f"{__name__}:{unordered.__name__}", "--seeds=1"]
    told = ran(play_one, PYTHONHASHSEED="1").stderr
    replay = ran(shlex.split(told.rpartition("Play it again:")[2]), PYTHONHASHSEED="2")
    assert "It fails: AssertionError: enough" in replay.stdout
    assert "This isn't what came" not in replay.stdout


def test_command_does_not_repeat_that_the_order_is_left_to_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    for chance in ("random", ""):
        monkeypatch.setenv("PYTHONHASHSEED", chance)
        assert "PYTHONHASHSEED" not in command(unordered, 1, "digest", None)


BESIDE = """
from eventy.testing.simulation import simulate

async def scenario(simulation):
    assert simulation.seed != 3, "three"

def test_it():
    simulate(scenario)
"""


def test_command_finds_a_scenario_that_pytest_has_found_beside_its_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (pytester.mkdir("checks") / "test_there.py").write_text(BESIDE)
    told = pytester.runpytest_subprocess("-p", "no:cacheprovider").stdout.str()
    again = told.rpartition("Play it again:\nE ")[2].splitlines()[0].strip()
    assert again.startswith("env PYTHONPATH=checks:")
    replay = pytester.run(*shlex.split(again))
    assert replay.ret == 1
    replay.stdout.fnmatch_lines(
        ["test_there:scenario, seed 3: digest *", "It fails: AssertionError: three (*test_there.py:5)"]
    )
    replay.stdout.no_fnmatch_line("This isn't what came*")


def test_scenario_that_cannot_be_imported_is_told_by_a_line_of_python() -> None:
    async def local(simulation: Simulation) -> None:
        raise AssertionError("wrong")

    with pytest.raises(SimulationFailedError, match=r"  simulate\(local, seeds=\[7\]\)$"):
        simulate(local, [7])


async def unrepeatable(simulation: Simulation) -> None:
    await simulation.start(relay.relay_of(relay.pass_on))
    await simulation.send(GenericEvent("event", {"key": "k", "at": Clock().new_id()}), "in")


def test_scenario_that_does_something_else_each_time_is_refused() -> None:
    with pytest.raises(SimulationError, match="seed 0 isn't repeatable"):
        simulate(unrepeatable, range(3))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tests.simulation.relay"], "the scenario is 'tests.simulation.relay', expected module:function"),
        (
            ["tests.simulation.rely:at_least_once"],
            "there is no module 'tests.simulation.rely' (closest: 'tests.simulation.relay')",
        ),
        (
            ["tests.simulation.relay:at_leest_once"],
            "has no 'at_leest_once' (closest: 'at_least_once')",
        ),
        (["tests.simulation.relay:at_least_once", "--fault=crash=1"], "no fault 'crash' (closest: 'crashes')"),
        (["tests.simulation.relay:at_least_once", "--fault=crashes=x"], "crashes is 'x', expected a number"),
    ],
)
def test_mistakes_on_the_command_line_are_named(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from eventy.testing.simulation.__main__ import main  # noqa: PLC0415 - what it prints is looked at

    assert main(arguments) == 2
    assert told in capsys.readouterr().err
