"""The servers that tests share: asking for one by its fixture is all it takes, the marker comes with it."""

import gc
import logging
from collections.abc import Iterator

import pytest

from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.unavailable import UnavailableError, skip_or_fail
from tests.real.postgres import PostgresServer, find_postgres

# What asyncpg leaves unread of a connection that is cancelled while it's made.
_OF_ASYNCPG = "unexpected connection_lost() call"
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


@pytest.fixture(autouse=True)
def _nothing_is_left_unread(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test after which asyncio complains: of an error that nobody has read, of a task that was destroyed."""
    yield
    if request.node.get_closest_marker("kafka"):
        gc.collect()  # it tells when what has failed is freed
    found = [record for record in caplog.get_records("call") + caplog.get_records("teardown") if _is_complaint(record)]
    assert not found, "\n".join(logging.Formatter().format(record) for record in found)


def _is_complaint(record: logging.LogRecord) -> bool:
    if _OF_ASYNCPG in record.getMessage():
        return False
    return record.name == "asyncio" and record.levelno >= logging.ERROR


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--soak"):
        left_out = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):  # a doctest has none
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
