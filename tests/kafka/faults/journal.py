"""What processes have handled: a line an attempt, in files that outlive a kill -9."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple, Self

from eventy.consumer.counts import Counts
from eventy.message.context import Context


class Attempt(NamedTuple):
    """One attempt at a message.

    Parameters
        time: ns of CLOCK_MONOTONIC when its handler was about to return or raise; one clock for all processes.
        number: of the message.
        attempt: from 1, as the handler was told.
        fails: how it ended.
    """

    time: int
    number: int
    key: str
    partition: int
    offset: int
    attempt: int
    fails: bool

    @classmethod
    def of(cls, line: bytes) -> Self:
        time, number, key, partition, offset, attempt, fails = line.decode().split()
        return cls(int(time), int(number), key, int(partition), int(offset), int(attempt), fails == "True")


class Journal:
    """The file that one process writes, and another one beside it for what its consumer has counted."""

    def __init__(self, path: str) -> None:
        self._counts = Path(f"{path}.counts")
        self._counted: Counts | None = None
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, number: int, context: Context, *, fails: bool) -> None:
        """Add a line, by one unbuffered write: once it returns the line is there, whatever becomes of the process."""
        key = (context.key or b"-").decode()
        noted = Attempt(
            time.monotonic_ns(), number, key, context.partition, context.offset, context.attempt, fails=fails
        )
        os.write(self._file, f"{' '.join(map(str, noted))}\n".encode())

    def note_counts(self, counts: Counts) -> None:
        """Have the file of counts say these: they outlive the process as well."""
        if counts != self._counted:
            self._counted = replace(counts)
            new = self._counts.with_suffix(".new")
            new.write_text(json.dumps(asdict(counts)))
            new.replace(self._counts)


class Journals:
    """All files of a folder, read as they grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: defaultdict[Path, int] = defaultdict(int)
        self.attempts: list[Attempt] = []
        self.by_process: defaultdict[str, list[Attempt]] = defaultdict(list)
        self.handled: set[int] = set()

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.journal"

    def read(self) -> None:
        """Take in what has been written since the last time; half a line waits for its other half."""
        for path in self._folder.glob("*.journal"):
            with path.open("rb") as file:
                file.seek(self._read[path])
                whole, newline, _ = file.read().rpartition(b"\n")
            self._read[path] += len(whole) + len(newline)
            found = [Attempt.of(line) for line in whole.splitlines()]
            self.attempts += found
            self.by_process[path.stem] += found
            self.handled.update(one.number for one in found if not one.fails)

    def counts(self, process: str = "*") -> Counts:
        """Return what a process, or all of them together, has counted; the last moments of one that was killed lack."""
        total = Counts()
        for path in self._folder.glob(f"{process}.journal.counts"):
            for name, count in json.loads(path.read_text()).items():
                setattr(total, name, getattr(total, name) + count)
        return total

    def successes(self) -> list[Attempt]:
        """Return what was handled, in the order of time, repetitions included."""
        return sorted(one for one in self.attempts if not one.fails)

    def attempts_made(self) -> dict[int, tuple[int, ...]]:
        """Return which attempts each message has seen, in the order of time."""
        made: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
        for one in sorted(self.attempts):
            made[one.number] += (one.attempt,)
        return made

    def firsts(self) -> dict[str, list[int]]:
        """Return for each key the numbers of its messages in the order in which each was handled first."""
        numbers: defaultdict[str, dict[int, None]] = defaultdict(dict)
        for one in self.successes():
            numbers[one.key].setdefault(one.number)
        return {key: list(found) for key, found in numbers.items()}
