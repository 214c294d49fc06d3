"""Rounds in which contestants take turns, and what comes of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from eventy.testing.kafka.process import dies_with_parent

ROOT = Path(__file__).parents[1]
# Seconds; a program that takes longer hangs.
_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program, and how it is called on the page.

    Parameters
        module: the program, `bench.consume.by_hand` for example.
        option: what is passed to it, if it is several contestants in one.
        count: of messages, when it isn't the row's: one that is slow would take too long.
        partitions: of the topic, when it isn't the row's.
    """

    name: str
    module: str
    option: str = ""
    count: int | None = None
    partitions: int | None = None

    @property
    def path(self) -> str:
        return f"{self.module.replace('.', '/')}.py"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and what lies around it."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(slots=True)
class Results:
    """What was measured in each round, by contestant and measure; who was refused, and why; samples by function."""

    rounds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, name: str, measures: dict[str, float]) -> None:
        for measure, value in measures.items():
            self.rounds.setdefault(name, {}).setdefault(measure, []).append(value)

    def spread(self, name: str, measure: str) -> Spread | None:
        values = self.rounds.get(name, {}).get(measure)
        return Spread.of(values) if values else None

    def ratio(self, name: str, other: str, measure: str) -> Spread | None:
        """Return how the medians compare, and the least and the most that the two had in one round."""
        one, two = self.rounds.get(name, {}).get(measure), self.rounds.get(other, {}).get(measure)
        if not one or not two:
            return None
        each = [a / b for a, b in zip(one, two, strict=True)]
        return Spread(median(one) / median(two), min(each), max(each))


class FailedError(Exception):
    """A contestant ended without a result."""


async def run(contestant: Contestant, arguments: Sequence[str], **environment: str) -> dict[str, float | str]:
    """Run a program to its end, and return what it printed. Raises FailedError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", contestant.module, *arguments, contestant.option),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(_LIMIT):
            answer, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        answer, errors = await process.communicate()
        raise FailedError(f"{contestant.name}: no result within {_LIMIT} s\n{errors.decode()}") from None
    if process.returncode or not answer:
        raise FailedError(f"{contestant.name}: status {process.returncode}\n{errors.decode()}")
    found: dict[str, float | str] = json.loads(answer.splitlines()[-1])
    return found
