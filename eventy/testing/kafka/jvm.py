"""A Kafka broker in one JVM, from the jars that Maven copied."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.jars import fetch_jars
from eventy.testing.kafka.process import dies_with_parent, free_port, tail, until_exit
from eventy.testing.kafka.properties import CLUSTER_ID, kafka_properties
from eventy.testing.kafka.secured import Secured, can_make_certificates
from eventy.testing.kafka.unavailable import RealPartError


class JvmKafka(KafkaBroker):
    """Its port and data stay the same as long as the object lives.

    `start` is to be called in the main thread: the broker dies with the thread that started it.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="eventy-kafka-")
        folder = Path(self._folder.name)
        self._properties = folder / "server.properties"
        self.log: Path = folder / "broker.log"
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        properties = kafka_properties(
            listen="127.0.0.1", port=port, controller_port=free_port(), data=str(folder / "data")
        )
        if can_make_certificates():
            self.secured = Secured.on_free_ports(folder / "certificates")
            properties = self.secured.added_to(properties)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        self._process: subprocess.Popen[bytes] | None = None
        self._is_formatted = False

    async def start(self) -> None:
        if not self._is_formatted:
            users = []
            if self.secured is not None:
                self.secured.make_certificates()
                users = self.secured.users()
            storage_tool = ("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._properties))
            await self._expect_success(self._java(*storage_tool, *users))
            self._is_formatted = True
        if self._process is None or self._process.poll() is not None:
            self._process = self._java("kafka.Kafka", str(self._properties))
        await self.until_ready()

    async def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            await until_exit(self._process, timeout=30)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Return when every thread of it stands: until one of them has taken the signal, the others still answer."""
        self._signal(signal.SIGSTOP)
        if self._process is not None:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def how_it_ended(self) -> str | None:
        if self._process is None or self._process.poll() is None:
            return None
        return f"the broker ended with status {self._process.returncode}:\n{tail(self.log)}"

    def remove(self) -> None:
        self.kill()
        self._folder.cleanup()

    async def _expect_success(self, process: subprocess.Popen[bytes]) -> None:
        if await until_exit(process, timeout=60) != 0:
            raise RealPartError(f"the broker's storage couldn't be formatted:\n{tail(self.log)}")

    def _java(self, main: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = ["java", "-Xmx512m", "-Dlog4j2.level=INFO", "-cp", f"{fetch_jars()}/*", main, *arguments]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests: they end the broker themselves
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  it takes no lock
            )
