"""`python -m eventy.testing.simulation` as a shell sees it: the seeds that are played, what is printed, the status."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from eventy.testing.simulation import Simulation
from eventy.testing.simulation.__main__ import _parser, main
from tests.simulation import payments
from tests.simulation.commands import ran

HERE = "tests.simulation.test_command_line"


async def tell(simulation: Simulation) -> None:
    print(f"seed {simulation.seed}")


async def meet(simulation: Simulation) -> None:
    _open_pipe("w" if simulation.seed < 50 else "r")


@cache
def _open_pipe(mode: str) -> None:
    """Wait until another process has opened the pipe the other way, or end this one after 20 s; once in each."""
    signal.alarm(20)
    Path(os.environ["PIPE"]).open(mode).close()
    signal.alarm(0)


async def end_at_seven(simulation: Simulation) -> None:
    assert simulation.seed != 7, "seven"


def played(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return ran([sys.executable, "-m", "eventy.testing.simulation", *arguments], **environment)


def test_seeds_that_are_asked_for_are_played_and_counted() -> None:
    ended = played(f"{HERE}:tell", "--first=3", "--seeds=4")
    assert (ended.returncode, ended.stderr) == (0, "")
    *told, report = ended.stdout.splitlines()
    assert told == [f"seed {seed}" for seed in (3, 3, 4, 5, 6)]  # the first twice, to see that it does the same
    assert re.fullmatch(rf"{HERE}:tell: 4 seeds, [\d,]+ steps: no faults; \d+ s, [\d,]+ seeds a second", report)


def test_jobs_play_side_by_side(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    ended = played(f"{HERE}:meet", "--seeds=100", "--jobs=2", PIPE=str(pipe))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{HERE}:meet: 100 seeds" in ended.stdout


def test_seed_that_fails_ends_it_and_is_told_with_the_command_that_plays_it_again() -> None:
    ended = played(f"{HERE}:end_at_seven", f"{HERE}:tell", "--seeds=20", "--fault=crashes=1")
    assert (ended.returncode, ended.stdout) == (1, "")  # the other one isn't played any more
    told = rf"AssertionError: seven \({re.escape(__file__)}:\d+\)\n"  # where it was raised, as much as what it says
    assert re.match(f"seed 7 fails: {told}", ended.stderr)
    again = ended.stderr.rstrip().rpartition("Play it again:\n  ")[2]
    assert " --seed 7 --digest " in again
    assert " --fault=crashes=1" in again
    replayed = ran(shlex.split(again))
    assert (replayed.returncode, replayed.stderr) == (1, "")
    assert "seed 7: digest" in replayed.stdout
    assert "This isn't what came to" not in replayed.stdout
    assert re.search(f"It fails: {told}$", replayed.stdout)


def test_single_seed_prints_what_happens_and_whether_it_did_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{HERE}:tell", "--seed=5", "--digest=0123456789abcdef"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed 5\n")
    assert f"{HERE}:tell, seed 5: digest " in told
    assert "This isn't what came to 0123456789abcdef: the code has changed since" in told


def test_scenario_that_does_something_else_each_time_is_told() -> None:
    ended = played("tests.simulation.test_replay:unrepeatable", "--seeds=1")
    assert ended.returncode == 1
    assert "seed 0 isn't repeatable" in ended.stderr


@pytest.mark.parametrize("asked", [["--seeds=2"], ["--seed=2"]], ids=" ".join)
def test_scenario_that_is_not_there_cannot_be_played(asked: list[str]) -> None:
    ended = played(f"{HERE}:tel", *asked)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "has no 'tel' (closest: 'tell')" in ended.stderr


@pytest.mark.parametrize(
    "asked", [["--seeds=0"], ["--seeds=-1"], ["--jobs=0"], ["--first=-1"], ["--seeds=many"]], ids=" ".join
)
def test_numbers_that_say_nothing_are_refused(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"{HERE}:tell", *asked])
    assert ended.value.code == 2
    name, _, value = asked[0].partition("=")
    assert f"argument {name}: {value!r}, expected a whole number" in capsys.readouterr().err


def test_make_simulate_plays_ten_thousand_seeds_of_the_sample_with_each_delivery() -> None:
    make = ["make", "--no-print-directory", f"VENV={sys.prefix}", "--assume-old", f"{sys.prefix}/.installed"]
    outside = {"MAKEFLAGS": "", "MAKELEVEL": "0"}  # whoever has made the tests run meant them alone
    planned = ran([*make, "--dry-run", "simulate"], **outside).stdout.replace("\\\n", "")
    options = _parser().parse_args(shlex.split(planned.partition("eventy.testing.simulation")[2]))
    scenarios = [f"{payments.__name__}:{one.__name__}" for one in (payments.at_least_once, payments.exactly_once)]
    assert (options.scenario, options.first, options.fault) == (scenarios, 0, [])
    assert options.seeds >= 10_000
    assert "PYTHONHASHSEED=0" in planned.split()  # so that what fails is told with it, and does the same again
    ended = ran([*make, "simulate", "SEEDS=1", "JOBS=1"], **outside)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.partition(",")[0] for line in ended.stdout.splitlines()] == [f"{one}: 1 seeds" for one in scenarios]
