"""Settings from the environment and the `.env` file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from eventy.app.create import CONTRACTS
from eventy.app.settings.backends import broker_mistakes, classes_of
from eventy.app.settings.env_file import EnvFile, read_env_file
from eventy.app.settings.found import Found, read, unknown
from eventy.app.settings.kafka_security import security_mistakes
from eventy.app.settings.table import VARIABLES, Settings
from eventy.errors import SettingsError

_ENVIRONMENT = "the environment"


def load_settings(environ: Mapping[str, str] | None = None, env_file: str | os.PathLike[str] | None = None) -> Settings:
    """Read everything. The environment beats the file, the file beats the default; an empty value counts as unset.

    Parameters
        environ: the environment; None: that of the process.
        env_file: the file; None: the one that EVENTY_ENV_FILE names, else `.env` in the working directory, if any.

    Raises SettingsError with all mistakes.
    """
    environment = os.environ if environ is None else environ
    file = read_env_file(environment, env_file)
    found = _found(environment, file)
    commented = [name for name, one in found.items() if " #" in str(one.value) and not VARIABLES[name].secret]
    values, wrong = read({name: one for name, one in found.items() if name not in commented})
    classes, unresolved = classes_of([name for name in CONTRACTS if name not in commented], found)
    mistakes = [
        *file.mistakes,
        *unknown(environment, _ENVIRONMENT),
        *(_commented(name, found[name]) for name in commented),
        *wrong,
        *unresolved,
        # A file that can't be read may well say what seems to be missing.
        *([*broker_mistakes(classes, found), *security_mistakes(values, found)] if file.values is not None else ()),
    ]
    if mistakes:
        raise SettingsError(mistakes, values)
    return Settings(**values)


def _found(environment: Mapping[str, str], file: EnvFile) -> dict[str, Found]:
    """Pick what is set. decouple's own `Config` would take an empty variable for a value, and only `os.environ`."""
    found = {}
    for name in VARIABLES:
        for values, where in ((file.values or {}, file.where), (environment, _ENVIRONMENT)):
            if value := values.get(name, "").strip():
                found[name] = Found(value, where)
    return found


def _commented(name: str, one: Found) -> str:
    variable = VARIABLES[name]
    why = f"expected {variable.kind.allowed}, and a comment on a line of its own"
    return variable.mistake(one.value, why, one.where)
