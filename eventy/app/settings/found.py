"""What somebody has set, before it is judged; and the judging, which collects every mistake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eventy.app.settings.table import VARIABLES
from eventy.words import closest

#: Where the `.env` file is, when not in the working directory. It can't stand in that file, nor in an object.
ENV_FILE = "EVENTY_ENV_FILE"
#: What variables are called.
NAMES = (*VARIABLES, ENV_FILE)

_PREFIX = "EVENTY_"


@dataclass(frozen=True, slots=True)
class Found:
    """A value.

    Parameters
        where: as in "change it in …".
    """

    value: object
    where: str


def read(found: Mapping[str, Found]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments for Settings, and the mistakes."""
    values: dict[str, Any] = {}
    mistakes = []
    for variable in VARIABLES.values():
        if variable.name in found:
            one = found[variable.name]
            try:
                values[variable.field] = variable.read(one.value)
            except ValueError as error:
                mistakes.append(variable.mistake(one.value, error, one.where))
    return values, mistakes


def unknown(names: Iterable[str], where: str) -> list[str]:
    """Return a mistake for each name that looks like one of eventy's and isn't."""
    return [
        f"{name} is no setting{closest(name.upper(), NAMES)}: rename or remove it in {where}"
        for name in names
        if name.upper().startswith(_PREFIX) and name not in VARIABLES and name != ENV_FILE
    ]
