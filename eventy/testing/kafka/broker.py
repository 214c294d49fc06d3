"""The contract of a real Kafka broker, whatever runs it."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NodeNotReadyError

from eventy.testing.kafka.secured import Secured
from eventy.testing.kafka.unavailable import RealPartError

_READY_WITHIN = 60.0  # seconds; a start takes 4, two cores busy with other things included it is 15


class KafkaBroker(ABC):
    """One broker; a test may kill and restart it, and leaves it running."""

    bootstrap: str
    """The address for `bootstrap_servers`."""

    secured: Secured | None = None
    """Its listeners that ask for a password, or speak TLS, if it has any."""

    log: Path | None = None
    """Where the broker writes, if that is a file here."""

    @abstractmethod
    async def start(self) -> None:
        """Start it, on the same port and data if it ran before, and return when it answers."""

    @abstractmethod
    async def stop(self) -> None:
        """End it in good order."""

    @abstractmethod
    def kill(self) -> None:
        """End it at once, as a power cut would (SIGKILL)."""

    @abstractmethod
    def freeze(self) -> None:
        """Have it do nothing any more, its connections open: it answers nobody (SIGSTOP)."""

    @abstractmethod
    def go_on(self) -> None:
        """Let a frozen one do what it was at (SIGCONT); nothing happens to one that isn't."""

    async def thaw(self) -> None:
        """Let a frozen one go on, and return when it answers.

        Frozen for longer than its session, it answers as before until it notices; then it is without a controller for
        a heartbeat or two (0.25 s each).
        """
        self.go_on()
        for _ in range(5):
            await asyncio.sleep(0.25)
            await self.until_ready()

    @abstractmethod
    def remove(self) -> None:
        """End it and remove its data: nothing is left of it."""

    async def restart(self) -> None:
        """Start it again after `stop` or `kill`, or stop a running one and start it again."""
        await self.stop()
        await self.start()

    def how_it_ended(self) -> str | None:
        """Return what is known of a broker that ended by itself, so that nobody waits for it; None if it runs."""
        return None

    async def until_ready(self) -> None:
        """Wait until the broker is registered and coordinates groups; both take a moment after its port is open."""
        deadline = time.monotonic() + _READY_WITHIN
        while True:
            if ending := self.how_it_ended():
                raise RealPartError(ending)
            try:
                return await self._ask()
            except (KafkaError, OSError) as error:
                if time.monotonic() > deadline:
                    raise RealPartError(
                        f"the broker at {self.bootstrap} isn't ready after {_READY_WITHIN} s"
                    ) from error
                await asyncio.sleep(0.05)

    async def _ask(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=2000)
        try:
            await admin.start()
            await admin.find_coordinator("readiness")
            # Frozen for longer than its session, it must be let in again before it has a controller.
            cluster = await admin.describe_cluster()
            if cluster["controller_id"] not in {broker["node_id"] for broker in cluster["brokers"]}:
                raise NodeNotReadyError
        finally:
            await admin.close()
