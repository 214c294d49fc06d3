"""Plays scenarios from the command line: `python -m eventy.testing.simulation module:scenario --seed 4711`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from eventy.errors import ConfigurationError, EventyError
from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.replay import faults_of, found
from eventy.testing.simulation.run import Report, play
from eventy.testing.simulation.side_by_side import side_by_side

# What many seeds are by default.
_SEEDS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and return the status of the process: 0 all is well, 1 a seed has failed, 2 it can't be played."""
    options = _parser().parse_args(arguments)
    try:
        faults = faults_of(options.fault)
        for path in options.scenario:
            if options.seed is None:
                is_well = _play_many(path, range(options.first, options.first + options.seeds), options.jobs, faults)
            else:
                is_well = _play_one(found(path), path, options, faults)
            if not is_well:
                return 1
    except EventyError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eventy.testing.simulation", description="Play scenarios.")
    parser.add_argument("scenario", nargs="+", help="module:function, an `async def` that is given the simulation")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=_from(1), default=_SEEDS, help=f"how many seeds; {_SEEDS} by default")
    which.add_argument("--seed", type=int, help="a single seed, all that happens being printed")
    parser.add_argument("--first", type=_from(0), default=0, help="with --seeds: the first of them; 0 by default")
    parser.add_argument("--digest", help="what the seed came to before: tells whether it does the same again")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=VALUE", help="see eventy's Faults")
    parser.add_argument("--jobs", type=_from(1), default=1, help="processes that play side by side; 1 by default")
    parser.add_argument("--log", action="store_true", help="with --seed: print what is logged as well")
    return parser


def _from(least: int) -> Callable[[str], int]:
    """Return what reads a number that is no less."""

    def read(text: str) -> int:
        if text.isdecimal() and int(text) >= least:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from {least}")

    return read


def _play_one(scenario: Callable[..., Any], path: str, options: argparse.Namespace, faults: Faults | None) -> bool:
    """Play a seed, print what happens, and return whether all was well."""
    outcome = play(scenario, options.seed, faults, is_silent=not options.log)
    print(*outcome.lines, sep="\n")
    print(f"{path}, seed {outcome.seed}: digest {outcome.digest}, {outcome.steps:,} steps")
    if options.digest not in (None, outcome.digest):
        print(
            f"This isn't what came to {options.digest}: the code has changed since, or something isn't decided by the "
            "seed, the order of a set of text for example (PYTHONHASHSEED)"
        )
    if outcome.error is not None:
        print(f"It fails: {outcome.said}")
    return outcome.error is None


def _play_many(path: str, seeds: range, jobs: int, faults: Faults | None) -> bool:
    """Play many seeds, print what they came to, and return whether all was well."""
    found(path)
    began, report = time.monotonic(), Report()
    for done in side_by_side(path, seeds, jobs, faults):
        if isinstance(done, str):
            print(done, file=sys.stderr)
            return False
        report.add(done)
    seconds = time.monotonic() - began
    print(f"{path}: {report}; {seconds:.0f} s, {report.seeds / seconds:,.0f} seeds a second", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
