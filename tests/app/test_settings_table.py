"""Settings as a value."""

from dataclasses import FrozenInstanceError, fields

import pytest
from dependency_injector import providers

from eventy.app.create import consumer_options
from eventy.app.settings import Settings
from eventy.app.settings.table import VARIABLES
from eventy.consumer.options import ConsumerOptions
from eventy.errors import SettingsError


def test_fields_are_the_variables_in_lower_case_without_eventy() -> None:
    assert [field.name for field in fields(Settings)] == [variable.field for variable in VARIABLES.values()]


def test_consumer_defaults_are_those_of_the_options() -> None:
    assert consumer_options(Settings().as_dict()) == ConsumerOptions()


def test_every_number_has_its_bounds_and_says_them() -> None:
    numbers = [variable for variable in VARIABLES.values() if type(variable.default) in {int, float}]
    assert len(numbers) > 10
    for variable in numbers:
        assert variable.kind.bounds is not None, variable.name
        assert variable.kind.allowed.endswith(f", {variable.kind.bounds}"), variable.name


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().log_level = "DEBUG"  # type: ignore[misc]  # what is tested


def test_values_are_checked_however_settings_are_made() -> None:
    with pytest.raises(SettingsError, match="EVENTY_HTTP_HANDLER_PORT is -1, expected a whole number, 0–65535"):
        Settings(http_handler_port=-1)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://me:hush@db/payments",
        "postgresql+asyncpg://me:hu/hush@sh@db/payments",
        "postgresql+asyncpg://db/payments?user=me&password=hush&ssl=on",
        "postgresql+asyncpg://hush@db/payments",
    ],
)
def test_representation_hides_the_password_in_a_url(url: str) -> None:
    shown = repr(Settings(database_url=url))
    assert "hush" not in shown
    assert "database_url='postgresql+asyncpg://***@db/payments'" in shown or "password=***&ssl=on'" in shown


def test_every_password_is_declared_secret() -> None:
    secrets = [variable for variable in VARIABLES.values() if "PASSWORD" in variable.name]
    assert secrets
    assert [variable.shown("hush") for variable in secrets] == ["'***'"] * len(secrets)


def test_container_reads_every_field_none_included() -> None:
    settings = Settings(http_handler_port=0)
    config = providers.Configuration(strict=True)
    config.from_dict(settings.as_dict())
    for field in fields(Settings):
        assert getattr(config, field.name)() == getattr(settings, field.name)
