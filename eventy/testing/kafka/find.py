"""The real Kafka broker that tests run on: one that is given, else one from the jars, else a container."""

from __future__ import annotations

import os

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.docker import DockerKafka, docker_answers
from eventy.testing.kafka.given import GivenKafka
from eventy.testing.kafka.jars import can_run_jars
from eventy.testing.kafka.jvm import JvmKafka
from eventy.testing.kafka.unavailable import UnavailableError


def find_kafka() -> KafkaBroker:
    """Return the broker that this machine can run, not yet started; `UnavailableError` says what it would take."""
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP_SERVER"):
        return GivenKafka(bootstrap)
    if can_run_jars():
        return JvmKafka()
    if docker_answers():
        return DockerKafka()
    raise UnavailableError(
        "no Kafka broker: set KAFKA_BOOTSTRAP_SERVER, or install Java 17 or newer and Maven, or start a Docker engine"
    )
