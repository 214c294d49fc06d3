"""The servers that tests share: asking for one by its fixture is all it takes, the marker comes with it."""

from collections.abc import AsyncIterator, Generator, Iterator

import pytest
import pytest_asyncio

from tests.real.kafka import KafkaBroker, find_kafka
from tests.real.postgres import PostgresServer, find_postgres
from tests.real.process import tail
from tests.real.unavailable import UnavailableError, skip_or_fail

_MARKERS = {"kafka_broker": pytest.mark.kafka, "postgres_server": pytest.mark.postgres}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eventy")
    group.addoption("--soak", action="store_true", help="the full form of the tests of faults")
    group.addoption("--fault-seed", type=int, help="what their chance begins with; by default anything")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka_broker() -> AsyncIterator[KafkaBroker]:
    """The one broker that all tests share; make names with `unique`, topics with `create_topics`."""
    try:
        broker = find_kafka()
    except UnavailableError as error:
        skip_or_fail(error)
    try:
        await broker.start()
        yield broker
    finally:
        broker.remove()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the broker's side of a failure."""
    report = yield
    broker = getattr(item, "funcargs", {}).get("kafka_broker")
    if report.failed and isinstance(broker, KafkaBroker) and broker.log is not None:
        report.sections.append(("Kafka broker log", tail(broker.log)))
    return report
