"""The pytest plugin: an application for each test that asks for one, without any configuration.

It is loaded wherever eventy is installed, so it imports what it needs when a test asks for it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import pytest

F = TypeVar("F", bound=Callable[..., Any])

pytest.register_assert_rewrite("eventy.testing.conformance")

_MARKER = "eventy"
_APP = "--eventy-app"
_FAILURE = pytest.StashKey[BaseException]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eventy")
    group.addoption(
        _APP,
        metavar="MODULE:FUNCTION",
        help="the function that makes the container; by default `app` of [tool.eventy] in pyproject.toml",
    )
    group.addoption(
        "--eventy-kafka",
        action="store_true",
        help="run `eventy_app` on a real Kafka broker: KAFKA_BOOTSTRAP_SERVER, else one by Java and Maven or by Docker",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(settings={{…}}, app='module:function', topics=[…]): what `eventy_app` of this test is made of: "
        "settings by their names in `Settings`, another container, topics to make on a real broker beside those of "
        "the consumers",
    )

    config.addinivalue_line("markers", "eventy_delivery(delivery): a conformance test that is about one delivery alone")


def _async_fixture(**options: Any) -> Callable[[F], F]:
    """Return pytest-asyncio's decorator, which works in its auto mode and in its strict mode."""
    try:
        import pytest_asyncio  # noqa: PLC0415 - without it, only who asks for an application must know
    except ModuleNotFoundError:
        return _without_asyncio(**options)
    return cast("Callable[[F], F]", pytest_asyncio.fixture(**options))


def _without_asyncio(**options: Any) -> Callable[[F], F]:
    options.pop("loop_scope", None)

    def decorate(function: F) -> F:
        def fixture() -> None:
            raise pytest.UsageError(
                f"the fixture {function.__name__} needs pytest-asyncio, which isn't installed: "
                "pip install 'eventy[testing]'"
            )

        return cast("F", pytest.fixture(name=function.__name__, **options)(fixture))

    return decorate


def _marked(request: pytest.FixtureRequest, name: str) -> Iterator[Any]:
    """Return what the markers of a test have under a name, the closest first; other names are refused."""
    for marker in request.node.iter_markers(_MARKER):
        if marker.args or (strange := marker.kwargs.keys() - {"settings", "app", "topics"}):
            what = marker.args or sorted(strange)
            _refuse(
                f"the marker {_MARKER} of {request.node.nodeid} has {what!r}, expected settings={{…}}, "
                "app='module:function' and topics=[…] alone"
            )
        if name in marker.kwargs:
            yield marker.kwargs[name]


# ---------------------------------------------------------------- fixtures


@pytest.fixture
def eventy_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The settings of this test, an `eventy.app.settings.Settings`; neither the environment nor `.env` is read.

    By default the database is an SQLite file of the test's own, and schemas are those of the project. The marker
    `eventy(settings={…})` changes single ones. Override the fixture to begin with others.
    """
    from eventy.app.settings import Settings  # noqa: PLC0415 - see above
    from eventy.errors import SettingsError  # noqa: PLC0415

    database, schemas = tmp_path / "eventy.db", request.config.rootpath / "avro_schemas"
    values: dict[str, Any] = {"database_url": f"sqlite+aiosqlite:///{database}", "avro_schemas_folder": str(schemas)}
    for marked in reversed(list(_marked(request, "settings"))):
        if not isinstance(marked, Mapping):
            _refuse(
                f"the marker {_MARKER} of {request.node.nodeid} has settings={marked!r}, expected settings={{…}}, "
                "values by their names in `Settings`"
            )
        values |= marked
    if unknown := [name for name in values if name not in Settings.__dataclass_fields__]:
        _refuse(_unknown(unknown, Settings))
    try:
        return Settings(**values)
    except SettingsError as error:
        _refuse(str(error))


def _refuse(mistake: str) -> NoReturn:
    """Fail by what a mistake of the project's says, without the way through pytest and eventy."""
    raise pytest.fail.Exception(mistake, pytrace=False) from None


def _unknown(unknown: Iterable[str], settings: Any) -> str:
    from eventy.words import closest  # noqa: PLC0415 - see above

    known = list(settings.__dataclass_fields__)
    # It may be the variable that is written.
    named = ", ".join(f"{name!r}{closest(name.lower().removeprefix('eventy_'), known)}" for name in unknown)
    return f"the marker {_MARKER} has settings that there aren't: {named}"


@pytest.fixture
def eventy_container(request: pytest.FixtureRequest, eventy_settings: Any) -> Iterator[Any]:
    """The project's container, made for this test alone. An override that outlives the test is an error."""
    from eventy.app.located import located_app  # noqa: PLC0415 - see above
    from eventy.errors import ConfigurationError  # noqa: PLC0415
    from eventy.testing.overrides import overrides_undone  # noqa: PLC0415

    marked = next(_marked(request, "app"), None)
    named, by = (
        (marked, f"app of the marker {_MARKER}") if marked is not None else (request.config.getoption(_APP), _APP)
    )
    try:
        app = located_app(named, request.config.rootpath, named_by=by)
    except ConfigurationError as error:
        _refuse(str(error))
    try:
        inspect.signature(app.function).bind(eventy_settings)
    except TypeError as error:
        _refuse(
            f"{app.name} can't be called with the settings of the test ({error}): "
            "write it as `def create_container(settings: Settings | None = None)`, None being those of the environment"
        )
    container = app.function(eventy_settings)
    with overrides_undone(container):
        yield container


@_async_fixture()
async def eventy_app(request: pytest.FixtureRequest, eventy_container: Any, _eventy_bootstrap: str | None) -> Any:
    """The application of `eventy_container`, running: an `eventy.testing.harness.Harness`.

    With `--eventy-kafka` it is an `eventy.testing.kafka.harness.KafkaHarness`, which can do nearly all the same.
    """
    from eventy.errors import ConfigurationError  # noqa: PLC0415 - see above

    if _eventy_bootstrap is None:
        from eventy.testing.harness import Harness  # noqa: PLC0415

        app: Any = Harness(eventy_container)
    else:
        from eventy.testing.kafka.harness import KafkaHarness  # noqa: PLC0415

        topics = [topic for topics in _marked(request, "topics") for topic in topics]
        app = KafkaHarness(eventy_container, _eventy_bootstrap, topics=topics)
    try:
        await app.__aenter__()
    except ConfigurationError as error:
        if error.__cause__ is None:
            _refuse(str(error))
        raise
    yield app
    failure = request.node.stash.get(_FAILURE, None)
    await app.__aexit__(type(failure) if failure is not None else None, failure, None)


@pytest.fixture
def _eventy_bootstrap(request: pytest.FixtureRequest) -> str | None:
    """The address of the real broker, if tests are to run on it."""
    if not request.config.getoption("--eventy-kafka"):
        return None
    bootstrap: str = request.getfixturevalue("eventy_kafka").bootstrap
    return bootstrap


@_async_fixture(scope="session", loop_scope="session")
async def eventy_kafka() -> AsyncIterator[Any]:
    """A real Kafka broker for all tests of this run, an `eventy.testing.kafka.broker.KafkaBroker`.

    Skips the test when this machine can't run one, and fails it when `CI=true`.
    """
    from eventy.testing.kafka.find import find_kafka  # noqa: PLC0415 - see above
    from eventy.testing.kafka.unavailable import UnavailableError, skip_or_fail  # noqa: PLC0415

    try:
        broker = find_kafka()
    except UnavailableError as error:
        skip_or_fail(error)
    try:
        await broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what a test has failed by, and show the broker's side of it."""
    report = yield
    if call.when == "call" and call.excinfo is not None:
        item.stash[_FAILURE] = call.excinfo.value
    log = getattr(getattr(item, "funcargs", {}).get("eventy_kafka"), "log", None)
    if report.failed and log is not None:
        from eventy.testing.kafka.process import tail  # noqa: PLC0415 - see above

        report.sections.append(("Kafka broker log", tail(log)))
    return report
