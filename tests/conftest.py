"""The servers that tests share: asking for one by its fixture is all it takes, the marker comes with it."""

from collections.abc import Iterator

import pytest

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.unavailable import UnavailableError, skip_or_fail
from tests.real.postgres import PostgresServer, find_postgres

_MARKERS = {"kafka_broker": pytest.mark.kafka, "postgres_server": pytest.mark.postgres}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eventy")
    group.addoption("--soak", action="store_true", help="the full form of the tests of faults")
    group.addoption("--fault-seed", type=int, help="what their chance begins with; by default anything")


@pytest.fixture(scope="session")
def kafka_broker(eventy_kafka: KafkaBroker) -> KafkaBroker:
    """The one broker that all tests share; make names with `unique`, topics with `create_topics`."""
    return eventy_kafka


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The one server that all tests share; most want `postgres_url`."""
    try:
        server = find_postgres()
    except UnavailableError as error:
        skip_or_fail(error)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a database that is new and empty."""
    return postgres_server.create_database()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--soak"):
        left_out = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):  # a doctest has none
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
