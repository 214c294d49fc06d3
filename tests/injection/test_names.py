"""Names that providers can't have."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.injection import check_names
from tests.injection.application import a_container, a_container_with


class App:
    """An application."""


def _says(**more: providers.Provider[Any]) -> str:
    with pytest.raises(InjectionError) as raised:
        check_names(a_container_with(**more), App())
    return str(raised.value)


def test_ordinary_names_are_fine() -> None:
    check_names(a_container(), App())


@pytest.mark.parametrize("name", ["corr_id", "context"])
def test_name_of_the_messages(name: str) -> None:
    said = _says(**{name: providers.Object(1)})
    assert said == f"a provider is called {name!r}, which every handler takes for its message's: rename it"


@pytest.mark.parametrize("name", ["override", "wire", "overridden", "reset_singletons"])
def test_name_of_the_container(name: str) -> None:
    said = _says(**{name: providers.Object(1)})
    assert said == f"a provider is called {name!r}, which hides the container's attribute: rename it"


@pytest.mark.parametrize("provider", [providers.Singleton(App), providers.Factory(App)])
def test_app_is_the_application(provider: providers.Provider[App]) -> None:
    check_names(a_container_with(app=provider), App())


def test_app_may_be_an_object() -> None:
    app = App()
    check_names(a_container_with(app=providers.Object(app)), app)


@pytest.mark.parametrize("provider", [providers.Object(App()), providers.Singleton(dict), providers.Object(1)])
def test_app_can_be_nothing_else(provider: providers.Provider[Any]) -> None:
    assert _says(app=provider) == "a provider is called 'app', which is the application to every handler: rename it"


def test_all_names_are_told_at_once() -> None:
    assert len(_says(corr_id=providers.Object(1), wire=providers.Object(1)).splitlines()) == 2
