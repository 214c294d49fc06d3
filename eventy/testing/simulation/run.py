"""Plays a scenario with many seeds, and tells the first that fails."""

from __future__ import annotations

import inspect
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from eventy.errors import ConfigurationError, EventyError
from eventy.injection.singletons import raised_at
from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.loop import SimulationError
from eventy.testing.simulation.replay import command
from eventy.testing.simulation.simulation import Simulation
from eventy.words import described

#: Plays on a simulation, and raises AssertionError when what it finds is wrong.
Scenario: TypeAlias = Callable[[Simulation], Awaitable[None]]

# The last lines of the trace that a failure shows.
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of one seed.

    Parameters
        error: None: nothing was wrong.
        digest: the same for two runs that did the same in the same order.
        steps: of tasks and callbacks.
        counts: how often which fault happened.
        lines: what happened, in order.
    """

    seed: int
    error: BaseException | None
    digest: str
    steps: int
    counts: Counter[str]
    lines: list[str]

    @property
    def said(self) -> str:
        """The error and where it was raised: an `assert` says nothing else when it is played from a shell."""
        return "" if self.error is None else f"{described(self.error)}{raised_at(self.error)}"


class SimulationFailedError(EventyError, AssertionError):
    """A seed has failed; the message says by what, what came before, and the command that plays it again."""

    def __init__(self, scenario: Scenario, outcome: Outcome, faults: Faults | None) -> None:
        self.outcome = outcome
        self.command = command(scenario, outcome.seed, outcome.digest, faults)
        before = "\n".join(outcome.lines[-_SHOWN:])
        super().__init__(
            f"seed {outcome.seed} fails: {outcome.said}\n"
            f"What came before, in virtual time:\n{before}\n"
            f"Play it again:\n  {self.command}"
        )


@dataclass(slots=True)
class Report:
    """What many seeds came to: how many they were, their steps, and how often which fault happened."""

    seeds: int = 0
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report | Outcome) -> None:
        self.seeds += other.seeds if isinstance(other, Report) else 1
        self.steps += other.steps
        self.counts.update(other.counts)

    def __str__(self) -> str:
        faults = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        return f"{self.seeds:,} seeds, {self.steps:,} steps: {faults or 'no faults'}"


def simulate(scenario: Scenario, seeds: Iterable[int] = range(1000), faults: Faults | None = None) -> Report:
    """Play a scenario with each seed, and return what was done.

    A seed decides in which order tasks take turns, how long requests take, which of them and which acknowledgements are
    lost, when processes crash, freeze and stop, and what arrives twice. The same seed does the same again.

    Parameters
        seeds: which to play; the first is played twice, to see that it does the same.
        faults: what goes wrong, and how often.

    Raises SimulationFailedError for the first seed that breaks a promise or an assertion of the scenario's,
    SimulationError for a scenario that does something else each time, and ConfigurationError for one that doesn't take
    the simulation.
    """
    report = Report()
    for seed in seeds:
        outcome = play(scenario, seed, faults)
        if outcome.error is not None or not report.seeds:
            _check_repeats(outcome, play(scenario, seed, faults))
        if outcome.error is not None:
            raise SimulationFailedError(scenario, outcome, faults) from outcome.error
        report.add(outcome)
    return report


def play(scenario: Scenario, seed: int, faults: Faults | None = None, *, is_silent: bool = True) -> Outcome:
    """Play a scenario with one seed.

    Parameters
        is_silent: whether nothing is logged: failures are expected, and there are many.

    Raises ConfigurationError for a scenario that doesn't take the simulation.
    """
    _check_scenario(scenario)
    with _chance_of(seed, is_silent):
        simulation = Simulation(seed, faults if faults is not None else Faults())
        error = simulation.play(scenario)
        return Outcome(seed, error, *simulation.results())


def _check_scenario(scenario: Scenario) -> None:
    try:
        inspect.signature(scenario).bind(None)
    except TypeError as error:
        name = getattr(scenario, "__qualname__", scenario)
        raise ConfigurationError(
            f"the scenario {name} can't be called with the simulation ({error}): expected an `async def` that is given "
            "it"
        ) from None


def _check_repeats(outcome: Outcome, again: Outcome) -> None:
    if again.digest == outcome.digest:
        return
    pairs = zip(outcome.lines, again.lines, strict=False)
    where = next((f"first {one!r}, then {other!r}" for one, other in pairs if one != other), "what is sent differs")
    raise SimulationError(
        f"seed {outcome.seed} isn't repeatable, it went otherwise when it was played again: {where}. Something in the "
        "scenario isn't decided by the seed: take ids and times from the container's clock rather than from uuid4() "
        "and time.time(), and make what is to be fresh for each seed inside the scenario"
    )


@contextmanager
def _chance_of(seed: int, is_silent: bool) -> Iterator[None]:
    """Have Python's own chance begin with the seed."""
    state, disabled = random.getstate(), logging.root.manager.disable
    random.seed(seed)
    if is_silent:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        random.setstate(state)
