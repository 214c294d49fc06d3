"""The real Kafka broker that tests run on: one that is given, else one from the jars, else a container."""

import os

from tests.real.broker import KafkaBroker
from tests.real.jars import can_run_jars
from tests.real.kafka_docker import DockerKafka, docker_answers
from tests.real.kafka_given import GivenKafka
from tests.real.kafka_jvm import JvmKafka
from tests.real.topics import create_topics, unique
from tests.real.unavailable import UnavailableError

__all__ = ["KafkaBroker", "create_topics", "find_kafka", "unique"]


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
