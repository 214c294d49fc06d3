"""What `check` says of settings in a container: `config.x` and the variable behind it."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Protocol, TypedDict

import pytest
from dependency_injector import containers, providers
from dependency_injector.wiring import as_int

from eventy.app.check import build_app, check
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.command.base import BaseCommand
from eventy.event.registry import Registry
from eventy.injection import Provide
from tests.app.mistaken import a_root, mistakes_in, mistakes_of, settings


class Engine:
    def __init__(self, url: str, echo: bool = False) -> None: ...


class Address(TypedDict):
    url: str


class Readable(Protocol):
    def get(self, key: str) -> object: ...


class Pool:
    def __init__(self, address: Address, size: int = 1) -> None: ...


class Reader:
    def __init__(self, values: Readable) -> None: ...


class Sessions:
    def __init__(self, engine: Engine) -> None: ...


class SomeSessions(Sessions):
    """Has no constructor of its own."""


class Repository:
    def __init__(self, sessions: Sessions) -> None: ...


class CreatePayment(BaseCommand):
    @classmethod
    def name(cls) -> str:
        return "CreatePayment"

    async def execute(self, payment_repository: Repository) -> None: ...


class Database(containers.DeclarativeContainer):
    config = providers.Configuration(strict=True)
    session_factory = providers.Singleton(Engine, config.url)


def test_path_leads_from_the_handler_to_the_setting() -> None:
    config = settings()
    engine = providers.Singleton(Engine, config.databse_url)
    session_factory = providers.Singleton(Sessions, engine)
    (mistake,) = mistakes_in(
        config=config,
        engine=engine,
        session_factory=session_factory,
        payment_repository=providers.Singleton(Repository, session_factory),
        registry=providers.Singleton(Registry, providers.Object((CreatePayment,))),
    )
    assert mistake == (
        "CreatePayment.execute → payment_repository → session_factory → engine → config.databse_url: config has no "
        "'databse_url' (closest: 'database_url', the variable DATABASE_URL): correct the name, or add the value"
    )


def test_value_that_is_none_where_it_may_not_be_names_the_variable() -> None:
    config = settings()
    (mistake,) = mistakes_in(config=config, engine=providers.Singleton(Engine, config.kafka_bootstrap_server))
    assert mistake == (
        "engine → config.kafka_bootstrap_server: KAFKA_BOOTSTRAP_SERVER isn't set, but Engine takes url: str: set "
        "KAFKA_BOOTSTRAP_SERVER, or have it take None"
    )


def test_list_without_a_name_is_no_part_of_the_path() -> None:
    config = settings()
    engine = providers.Singleton(Engine, config.nothing)
    (mistake,) = mistakes_in(config=config, engines=providers.Singleton(tuple, providers.List(engine)))
    assert mistake.startswith("engines → Singleton(Engine) → config.nothing: config has no 'nothing'")


def test_annotation_of_an_inherited_constructor_is_read() -> None:
    config = settings()
    (mistake,) = mistakes_in(config=config, engine=providers.Singleton(SomeSessions, config.kafka_username))
    assert mistake.startswith("engine → config.kafka_username: KAFKA_USERNAME isn't set, but SomeSessions takes engine")


def test_value_of_another_type_is_shown_without_secrets() -> None:
    config = settings(kafka_password="s3cret")
    (first, second) = mistakes_in(
        config=config,
        one=providers.Singleton(Engine, config.http_handler_port),
        other=providers.Singleton(Engine, "", config.kafka_password),
    )
    assert first == (
        "one → config.http_handler_port: EVENTY_HTTP_HANDLER_PORT is 8000, of type int, but Engine takes url: str: "
        "correct the container or the annotation"
    )
    assert second.startswith(
        "other → config.kafka_password: KAFKA_PASSWORD is '***', of type str, but Engine takes echo"
    )


def test_value_that_is_passed_twice_is_compared_with_both_parameters() -> None:
    class Listener:
        def __init__(self, *, host: str, port: int) -> None: ...

    config = settings()
    host = config.http_handler_host
    (mistake,) = mistakes_in(config=config, listener=providers.Singleton(Listener, host=host, port=host))
    assert mistake.startswith("listener → config.http_handler_host: EVENTY_HTTP_HANDLER_HOST is '127.0.0.1', of type")
    assert "Listener takes port: int" in mistake


def test_value_for_what_cannot_be_looked_up_at_run_time_passes() -> None:
    config = settings(database={"url": "sqlite://"})
    check(
        a_root(
            config=config,
            one=providers.Singleton(Pool, config.database),
            other=providers.Singleton(Reader, config.database),
        )
    )
    (mistake,) = mistakes_in(config=config, one=providers.Singleton(Pool, config.database, config.database.url))
    assert mistake.startswith("one → config.database.url: is, of type str, but Pool takes size: int")


def test_value_that_cannot_be_converted_names_the_variable() -> None:
    config = settings()
    (mistake,) = mistakes_in(config=config, engine=providers.Singleton(dict, port=config.http_handler_host.as_int()))
    assert mistake.startswith(
        "engine → config.http_handler_host: EVENTY_HTTP_HANDLER_HOST can't be read by as_(int) (ValueError: invalid"
    )


def test_bool_of_a_text_is_refused_since_it_is_always_true() -> None:
    config = settings(shadow="False")
    (mistake,) = mistakes_in(config=config, engine=providers.Singleton(dict, a=config.shadow.as_(bool)))
    assert mistake == (
        "engine → config.shadow: its value is a text, and bool of any text is True, of 'False' too: leave .as_(bool) "
        "out and have a bool in the configuration, as Settings do"
    )


def test_part_of_the_configuration_is_named_from_the_root() -> None:
    config = settings(payments={"urls": "sqlite://"})
    (mistake,) = mistakes_in(config=config, database=providers.Container(Database, config=config.payments))
    assert mistake == (
        "database.session_factory → config.payments.url: config.payments has no 'url' (closest: 'urls'): correct the "
        "name, or add the value"
    )


def test_configuration_that_was_never_filled_is_told() -> None:
    config: Any = providers.Configuration(strict=True)
    (mistake,) = mistakes_in(config=config, engine=providers.Singleton(Engine, config.database_url))
    assert mistake == (
        "engine → config.database_url: config is empty: fill it, config.from_dict(load_settings().as_dict()) for "
        "example"
    )


def test_marker_of_a_configuration_that_was_never_filled_is_told_alike() -> None:
    class Limited(BaseCommand):
        @classmethod
        def name(cls) -> str:
            return "Limited"

        async def execute(
            self, port: Annotated[int, Provide["config.port"]], url: Annotated[str, Provide["database.config.url"]]
        ) -> None: ...

    config: Any = providers.Configuration(strict=True)
    database = providers.Container(Database)
    registry = providers.Singleton(Registry, providers.Object((Limited,)))
    port, url, _ = mistakes_in(config=config, database=database, registry=registry)
    assert port.endswith("]': config is empty: fill it, config.from_dict(load_settings().as_dict()) for example")
    assert url.endswith(
        "]': the configuration of database is empty: pass it one, providers.Container(…, config=config)"
    )


def test_container_that_is_given_no_configuration_is_told() -> None:
    (mistake,) = mistakes_in(config=settings(url="sqlite://"), database=providers.Container(Database))
    assert mistake == (
        "database.session_factory → config.url: the configuration of database is empty: pass it one, "
        "providers.Container(…, config=config)"
    )


def test_selector_does_not_take_a_number_for_its_text() -> None:
    config = settings(kind=1)
    one: Any = providers.Singleton(dict)
    (mistake,) = mistakes_in(config=config, repository=providers.Selector(config.kind, **{"1": one}))
    assert mistake == "repository: chooses 1 (closest: '1'), expected one of '1': correct the setting"


def test_selector_without_such_a_choice_is_told() -> None:
    config = settings(kind="sql")
    sql: Any = providers.Singleton(dict)
    (mistake,) = mistakes_in(config=config, repository=providers.Selector(config.kind, sqlite=sql, memory=sql))
    assert (
        mistake
        == "repository: chooses 'sql' (closest: 'sqlite'), expected one of 'sqlite', 'memory': correct the setting"
    )


def test_marker_of_a_setting_names_the_variable() -> None:
    class Limited(BaseCommand):
        @classmethod
        def name(cls) -> str:
            return "Limited"

        async def execute(self, port: Annotated[int, Provide["config.http_handler_host", as_int()]]) -> None: ...

    (mistake,) = mistakes_in(config=settings(), registry=providers.Singleton(Registry, providers.Object((Limited,))))
    assert "can't be read" in mistake
    assert mistake.endswith("(config.http_handler_host is the variable EVENTY_HTTP_HANDLER_HOST)")


def test_optional_setting_may_be_none() -> None:
    class Client:
        def __init__(self, server: str | None, retries: float, options: object) -> None: ...

    config = settings()
    check(
        a_root(
            config=config,
            client=providers.Singleton(Client, config.kafka_bootstrap_server, config.consumer_max_retries, config),
        )
    )


def test_container_that_is_declared_is_told_alike() -> None:
    class Root(containers.DeclarativeContainer):
        __self__ = providers.Self()
        config = providers.Configuration(strict=True)
        database = providers.Container(Database, config=config)
        app = providers.Singleton(Eventy, container=__self__)

    container: Any = Root()
    container.config.from_dict(Settings().as_dict())
    (mistake,) = mistakes_of(container)
    assert mistake.startswith("database.session_factory → config.url: config has no 'url'")


def test_log_format_whose_library_is_not_installed_is_told_though_who_embeds_it_has_a_log_of_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pythonjsonlogger.json", None)
    container = a_root(config=settings(log_format="json"))
    (mistake,) = mistakes_of(container)
    assert mistake.startswith("EVENTY_LOG_FORMAT is 'json', but python-json-logger isn't installed: install eventy[js")
    assert isinstance(build_app(container), Eventy)
