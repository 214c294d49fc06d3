"""A Kafka broker in a container, for machines without Java."""

from __future__ import annotations

import shutil
import subprocess

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.process import free_port
from eventy.testing.kafka.properties import CLUSTER_ID, kafka_properties
from eventy.testing.kafka.unavailable import RealPartError

_IMAGE = "apache/kafka:4.1.0"
_CONTROLLER_PORT = 29093  # inside the container, where nothing else listens


def docker_answers() -> bool:
    """Whether there is an engine behind the `docker` command."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0


class DockerKafka(KafkaBroker):
    """Its port and data stay the same as long as the object lives: the container is kept when it stops."""

    def __init__(self) -> None:
        self._port = free_port()
        self.bootstrap = f"127.0.0.1:{self._port}"
        self._container: str | None = None

    async def start(self) -> None:
        if self._container is None:
            self._container = self._run()
        else:
            _docker("start", self._container)
        await self.until_ready()

    async def stop(self) -> None:
        if self._container is not None:
            _docker("stop", self._container)

    def kill(self) -> None:
        if self._container is not None:
            _docker("kill", self._container)

    def freeze(self) -> None:
        if self._container is not None:
            _docker("kill", "--signal=STOP", self._container)

    def go_on(self) -> None:
        if self._container is not None:
            _docker("kill", "--signal=CONT", self._container)

    def remove(self) -> None:
        if self._container is not None:
            _docker("rm", "--force", "--volumes", self._container)

    def _run(self) -> str:
        properties = kafka_properties(
            listen="0.0.0.0", port=self._port, controller_port=_CONTROLLER_PORT, data="/tmp/kafka-data"
        )
        settings = [f"--env=KAFKA_{name.upper().replace('.', '_')}={value}" for name, value in properties.items()]
        published = f"--publish=127.0.0.1:{self._port}:{self._port}"
        return _docker("run", "--detach", published, f"--env=CLUSTER_ID={CLUSTER_ID}", *settings, _IMAGE)


def _docker(*arguments: str) -> str:
    """Return what `docker` prints; a failure shows what it complained about."""
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RealPartError(f"docker {arguments[0]} failed:\n{run.stderr}")
    return run.stdout.strip()
