"""A Kafka broker that runs already, named by KAFKA_BOOTSTRAP_SERVER."""

from __future__ import annotations

import pytest

from eventy.testing.kafka.broker import KafkaBroker


class GivenKafka(KafkaBroker):
    """Not ours to end: a test that kills the broker is skipped on it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    async def start(self) -> None:
        await self.until_ready()

    async def stop(self) -> None:
        pytest.skip(f"the broker at {self.bootstrap} was given by KAFKA_BOOTSTRAP_SERVER: tests don't stop it")

    def kill(self) -> None:
        pytest.skip(f"the broker at {self.bootstrap} was given by KAFKA_BOOTSTRAP_SERVER: tests don't kill it")

    def freeze(self) -> None:
        pytest.skip(f"the broker at {self.bootstrap} was given by KAFKA_BOOTSTRAP_SERVER: tests don't freeze it")

    def go_on(self) -> None:
        pass

    def remove(self) -> None:
        pass
