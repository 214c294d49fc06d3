"""What somebody has set, before it is judged; and the judging, which collects every mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eventy.app.settings.table import VARIABLES

#: Where the `.env` file is, when not in the working directory. It can't stand in that file, nor in an object.
ENV_FILE = "EVENTY_ENV_FILE"

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
        f"{name} is no setting, the nearest one is {nearest(name)}: rename or remove it in {where}"
        for name in names
        if name.upper().startswith(_PREFIX) and name not in VARIABLES and name != ENV_FILE
    ]


def nearest(name: str, cutoff: float = 0.0) -> str | None:
    """Return the known name that is most like this one, if it is enough so (1.0: the same)."""
    near = difflib.get_close_matches(name.upper(), [*VARIABLES, ENV_FILE], n=1, cutoff=cutoff)
    return near[0] if near else None
