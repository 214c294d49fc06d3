"""What has happened in a simulation: told when it fails, and digested so that two runs can be compared."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from eventy.testing.simulation.loop import SimulatedLoop


class Trace:
    """Lines about what happens, in order, each with its time; and how often which fault did."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._digest = blake2b(digest_size=8)
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()

    def note(self, who: object, what: str) -> None:
        """Note that somebody does something."""
        line = f"{self._loop.time():9.3f} s  {who}: {what}"
        self.lines.append(line)
        self._digest.update(f"{self._loop.steps} {line}\n".encode())

    def add(self, data: bytes | None) -> None:
        """Have bytes be part of the digest that nobody wants to read."""
        self._digest.update(b"-" if data is None else data)

    def count(self, what: str) -> None:
        """Count a fault."""
        self.counts[what] += 1

    def digest(self) -> str:
        """Return what two runs have alike when they did the same in the same order."""
        return self._digest.hexdigest()
