"""How a program of the comparison is told what to do, and tells what it took."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bench.sampling import Sampler
from eventy.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: the same for all contestants of a row.

    Parameters
        bootstrap: the broker's address.
        topic: where the commands are, or go to.
        out: the topic of the events.
        count: of messages.
        option: what distinguishes contestants that are one program.
        group: of consumers; nobody has been in it before.
    """

    bootstrap: str
    topic: str
    out: str
    count: int
    option: str = ""
    group: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:12]}")


class Stopwatch:
    """Wall time, and the CPU time of this process: all its threads, nothing of the broker's."""

    def __init__(self) -> None:
        self._sampler = Sampler()

    def start(self) -> None:
        self._sampler.start()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self._sampler.stop()
        self.seconds = time.perf_counter() - self._wall
        self.cpu_seconds = time.process_time() - self._cpu

    def per_message(self, count: int) -> dict[str, float]:
        """Return what is reported: messages a second, and µs of CPU time a message."""
        return {"rate": count / self.seconds, "cpu": self.cpu_seconds / count * 1e6}


class Payments:
    """The repository that every contestant injects, or passes by hand. Time begins when its
    consumer has its partitions, and ends with the last payment.

    Parameters
        expected: how many will be added.
    """

    def __init__(self, expected: int) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.stopwatch = Stopwatch()
        self.complete = asyncio.Event()
        self._expected = expected

    async def add(self, payment: dict[str, Any]) -> None:
        self.rows[payment["payment_id"]] = payment
        self.count += 1
        if self.count == self._expected:
            self.stopwatch.stop()
            self.complete.set()


def run(program: Callable[[Task], Coroutine[Any, Any, dict[str, float]]]) -> None:
    """Do the task of the command line, and print what was measured; a setting that is refused is said as well."""
    bootstrap, topic, out, count, option = sys.argv[1:]
    try:
        found: dict[str, Any] = asyncio.run(program(Task(bootstrap, topic, out, int(count), option)))
    except SettingsError as error:
        found = {"refused": " ".join(str(error).split())}
    print(json.dumps(found))
