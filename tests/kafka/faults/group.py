"""Processes of one consumer group: started, killed, frozen, ended in good order, replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from eventy.consumer.counts import Counts
from eventy.testing.kafka.process import dies_with_parent, tail, until_exit
from tests.kafka.faults.journal import Journals

ROOT = Path(__file__).parents[3]
# Seconds for a process to end once it is told to: more than its EVENTY_SHUTDOWN_TIMEOUT.
_ENDS_WITHIN = 40.0
# Seconds in which nothing happens after which nothing will: a broker that was killed takes 12 to be itself again.
_QUIET = 30.0
# Messages that a process handles in a moment, some of each of its partitions.
_RECENT = 20


class Group:
    """Processes by their places; a place that has lost its process may be given another.

    Parameters
        folder: for journals and logs.
        environment: of each process, beside PATH; nothing else is inherited.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.journals = Journals(folder)
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._names: dict[int, str] = {}
        self._started = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        for process in self._processes.values():
            process.kill()
            await until_exit(process, _ENDS_WITHIN)
        if kind is not None:
            for place in self._names:
                print(f"\nprocess {place}:\n{tail(self._log(place))}")  # noqa: T201 - the processes' side of a failure

    # ------------------------------------------------------------ processes

    def start(self, place: int, **more: str) -> None:
        """Start a process; `more` are settings that only this one has."""
        self._started += 1
        name = self._names[place] = f"{place}-{self._started}"
        journal = str(self.journals.path(name))
        with self._log(place).open("ab") as log:
            self._processes[place] = subprocess.Popen(
                [sys.executable, "-m", "tests.kafka.faults.worker"],
                cwd=self._folder,
                env={**self._environment, "WORKER_JOURNAL": journal, "KAFKA_CLIENT_ID": f"worker-{name}", **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - as the servers of the tests
            )

    def kill(self, place: int) -> None:
        """End it at once: SIGKILL."""
        process = self._processes.pop(place)
        process.kill()
        process.wait()

    async def stop(self, place: int) -> int:
        """End it in good order, by SIGTERM, and return its status."""
        process = self._processes.pop(place)
        while process.poll() is None and not listens(process.pid, signal.SIGTERM):  # noqa: ASYNC110 - it has just started
            await asyncio.sleep(0.02)
        process.terminate()
        try:
            return await until_exit(process, _ENDS_WITHIN)
        finally:
            process.kill()

    async def stop_all(self) -> set[int]:
        """End all of them in good order and return their statuses; what they have noted is read then."""
        statuses = set(await asyncio.gather(*map(self.stop, list(self._processes))))
        self.journals.read()
        return statuses

    def freeze(self, place: int) -> None:
        self._processes[place].send_signal(signal.SIGSTOP)

    def thaw(self, place: int) -> None:
        self._processes[place].send_signal(signal.SIGCONT)

    def counts(self, place: int) -> Counts:
        """Return what the place's process has counted."""
        return self.journals.counts(self._names[place])

    def rebalances(self) -> int:
        """Return how often a process was assigned partitions, as their logs tell."""
        return sum(log.read_text(errors="replace").count(": assigned ") for log in self._folder.glob("*.log"))

    # ------------------------------------------------------------ waiting

    async def until_frozen(self, place: int) -> None:
        """Return when the place's process has frozen itself."""
        while not is_frozen(self._processes[place].pid):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)

    async def until_at_work(self, place: int) -> None:
        """Return when the place's process has handled another message."""
        done = self.journals.by_process[self._names[place]]
        before = len(done)
        await self.until(lambda: len(done) > before, f"a message for process {place}")

    async def until_taken_over(self, place: int) -> None:
        """Return when others handle what the place's process, which is frozen, had been handling."""
        self.journals.read()
        partitions = {one.partition for one in self.journals.by_process[self._names[place]][-_RECENT:]}
        before = len(self.journals.attempts)
        await self.until(
            lambda: any(one.partition in partitions for one in self.journals.attempts[before:]),
            f"messages of partitions {partitions} for other processes than {place}",
        )

    async def until_handled(self, count: int) -> None:
        """Return when so many different messages are handled."""
        await self.until(lambda: len(self.journals.handled) >= count, f"{count} messages handled")

    async def until_done(self, count: int) -> None:
        """Return when so many are handled, or nothing happens any more: then some are lost."""
        handled, since = 0, time.monotonic()
        while len(self.journals.handled) < count and time.monotonic() < since + _QUIET:
            await self._look()
            if len(self.journals.handled) > handled:
                handled, since = len(self.journals.handled), time.monotonic()

    async def until(self, condition: Callable[[], bool], expected: str) -> None:
        """Return when a condition is true. Raises AssertionError when nothing happens any more."""
        since, attempts = time.monotonic(), 0
        while not condition():
            await self._look()
            if len(self.journals.attempts) > attempts:
                since, attempts = time.monotonic(), len(self.journals.attempts)
            if time.monotonic() > since + _QUIET:
                raise AssertionError(f"expected {expected}, but for {_QUIET:g} s no process did anything")

    async def _look(self) -> None:
        await asyncio.sleep(0.05)
        self.journals.read()
        for place, process in self._processes.items():
            if process.poll() is not None:
                raise AssertionError(f"process {place} ended with {process.returncode}:\n{tail(self._log(place))}")

    def _log(self, place: int) -> Path:
        return self._folder / f"{place}.log"


def listens(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler of its own for a signal, as Linux tells it (proc(5), `SigCgt`)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def is_frozen(child: int) -> bool:
    """Return whether a process that this one has started is stopped by a signal."""
    return os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
