"""Settings as a container takes them: whether they are there, and of the kind that takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any, Protocol

from dependency_injector import providers
from dependency_injector.errors import Error

from eventy.injection.annotations import classes, fits, shown
from eventy.injection.lookup import empty
from eventy.injection.parameters import parameters_of
from eventy.injection.paths import Paths, name_of
from eventy.words import closest, described

_SCALARS = (str, int, float, bool, type(None))


class Setting(Protocol):
    """A variable behind a key of `config`."""

    @property
    def name(self) -> str:
        """The variable's name."""
        ...

    def shown(self, value: object) -> str:
        """Return a value for a message, without secrets."""
        ...


#: Finds the variable behind a key of `config`.
FindSetting = Callable[[str], Setting | None]


class Options:
    """The settings of a container.

    Parameters
        paths: what they are called.
        find_setting: the variable behind one, for messages.
    """

    def __init__(self, paths: Paths, find_setting: FindSetting) -> None:
        self._paths = paths
        self._find_setting = find_setting

    def flaws(self, option: Any) -> Iterator[str]:
        """Yield why a setting has no value, or can't be read as it should be."""
        if isinstance(option, providers.Configuration):
            return
        try:
            value = option()
        except Error:
            yield self._missing(option)
        except Exception as error:  # noqa: BLE001  # as_int() and as_(anything) raise what they like
            yield f"{self._named(option)} can't be read by {_conversion(option)} ({described(error)}): correct it"
        else:
            if value is True and isinstance(option, providers.TypedConfigurationOption) and option.provides is bool:
                yield from self._always_true(option)

    def misfits(self, one: providers.Provider[Any], option: Any) -> Iterator[str]:
        """Yield why a setting doesn't fit the parameter that takes it.

        Parameters
            one: the provider that is built with the setting, which has a value.
        """
        for parameter in parameters_of(one, option):
            yield from self._misfits(one, option, parameter)

    def _misfits(self, one: Any, option: Any, parameter: Parameter) -> Iterator[str]:
        allowed = classes(parameter.annotation)
        if not allowed or fits(type(value := option()), allowed):
            return
        taken = f"{name_of(one.provides)} takes {parameter.name}: {shown(parameter.annotation)}"
        setting = self._setting(option)
        if value is None:
            found, advice = (f"{setting.name} isn't set", f"set {setting.name}") if setting else ("is None", "set it")
            yield f"{found}, but {taken}: {advice}, or have it take None"
        elif all(cls in _SCALARS for cls in allowed):  # a class of the user's own may well make something of it
            found = f"{setting.name} is {setting.shown(value)}" if setting else "is"
            yield f"{found}, of type {type(value).__name__}, but {taken}: correct the container or the annotation"

    def _always_true(self, option: Any) -> Iterator[str]:
        if isinstance(option.option(), str):
            yield (
                f"{self._named(option)} is a text, and bool of any text is True, of 'False' too: leave .as_(bool) out "
                "and have a bool in the configuration, as Settings do"
            )

    def _missing(self, option: Any) -> str:
        prefix, found = self._paths.configuration(option)
        values: Any = found
        keys = _keys(option)
        beginning = self._paths.of(option).split(".")[: -len(keys)]
        if not values:
            return empty(f"{prefix}{beginning[0]}")
        for index, key in enumerate(keys):
            if not isinstance(values, dict) or key not in values:
                place = ".".join((*beginning, *keys[:index]))
                return f"{place} has no {key!r}{self._closest(key, values)}: correct the name, or add the value"
            values = values[key]
        return "has no value: set it"

    def _closest(self, key: str, values: object) -> str:
        return closest(key, values if isinstance(values, dict) else (), shown=self._with_variable)

    def _with_variable(self, key: str) -> str:
        setting = self._find_setting(key)
        return f"{key!r}, the variable {setting.name}" if setting else repr(key)

    def _setting(self, option: Any) -> Setting | None:
        return self._find_setting(self._paths.of(option).partition(".")[2])

    def _named(self, option: Any) -> str:
        setting = self._setting(option)
        return setting.name if setting else "its value"


def _keys(option: Any) -> tuple[str, ...]:
    option = option.option if isinstance(option, providers.TypedConfigurationOption) else option
    return tuple(map(str, option.get_name_segments()))


def _conversion(option: Any) -> str:
    return f"as_({name_of(option.provides)})"
