"""A component that writes down what happens to it."""

from __future__ import annotations

import asyncio


class Recording:
    """Starts and stops as it is told.

    Parameters
        log: where `start <name>` and `stop <name>` go.
        fails: the step that raises, `start` or `stop`.
        hangs: whether stopping never ends by itself.
    """

    def __init__(self, name: str, log: list[str], fails: str | None = None, *, hangs: bool = False) -> None:
        self.name = name
        self._log = log
        self._fails = fails
        self._hangs = hangs

    def recover(self) -> None:
        """Fail no more."""
        self._fails = None

    async def start(self) -> None:
        self._step("start")

    async def stop(self) -> None:
        self._step("stop")
        if self._hangs:
            await asyncio.Event().wait()

    def _step(self, step: str) -> None:
        self._log.append(f"{step} {self.name}")
        if self._fails == step:
            raise OSError(f"{self.name} can't {step}")


class Failing(Recording):
    """Runs until it is told to fail."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__(name, log)
        self.failing = asyncio.Event()

    async def wait(self) -> None:
        await self.failing.wait()
        raise ConnectionError(f"{self.name} is gone")

    def readiness(self) -> str | None:
        return "failing" if self.failing.is_set() else None
