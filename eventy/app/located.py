"""Finds what is named `module:function`: for the application also by `[tool.eventy] app` in pyproject.toml."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventy.errors import ConfigurationError
from eventy.injection.singletons import raised_at
from eventy.words import closest, described

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_EXAMPLE = "containers.application:create_container"


class NotLocatedError(ConfigurationError):
    """What is named isn't there, or nothing is named."""


class BrokenModuleError(ConfigurationError):
    """The module that is named can't be imported."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class Located:
    """A function that was found.

    Parameters
        name: `module:function`.
        function: what has this name.
    """

    name: str
    function: Callable[..., Any]


def located_app(named: str | None, folder: Path, *, named_by: str) -> Located:
    """Return the function that makes the container; see `located`.

    Parameters
        named: `module:function`; None: as `pyproject.toml` of the folder says.
        named_by: what has named it or could have, for errors, `--app` for example.
    """
    if named is not None:
        return located(named, folder, named_by=named_by)
    path = folder.absolute() / "pyproject.toml"
    return located(_as_project_says(path, named_by), folder, named_by=f"app of [tool.eventy] in {path}")


def located(name: object, folder: Path, *, named_by: str) -> Located:
    """Return the function of a name.

    Parameters
        folder: where modules are looked for before anywhere else.
        named_by: what has named it, for errors.

    Raises NotLocatedError when there is none of this name, BrokenModuleError when its module fails.
    """
    where = f"{named_by} is {name!r}"
    if not isinstance(name, str) or not _FORM.fullmatch(name):
        raise NotLocatedError(f"{where}, expected module:function, {_EXAMPLE} for example")
    module_name, _, attribute = name.partition(":")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module = _imported(module_name, folder, where)
    if not hasattr(module, attribute):
        known = {name: one for name, one in vars(module).items() if callable(one) and not name.startswith("_")}
        own = [name for name, one in known.items() if getattr(one, "__module__", None) == module_name]
        near = closest(attribute, own) or closest(attribute, known)
        file = getattr(module, "__file__", None)
        place = f"{module_name} ({file})" if file else module_name
        raise NotLocatedError(f"{where}, but {place} has no {attribute!r}{near}: correct the name")
    function = getattr(module, attribute)
    if not callable(function):
        raise NotLocatedError(
            f"{where}, which is of type {type(function).__name__} and can't be called: name a function"
        )
    return Located(name, function)


def _as_project_says(path: Path, named_by: str) -> object:
    advice = f'pass {named_by} {_EXAMPLE}, or say it there by [tool.eventy] and app = "{_EXAMPLE}"'
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise NotLocatedError(f"which application is meant? There is no {path}: {advice}") from None
    except (OSError, ValueError) as error:  # not TOML, or not UTF-8
        raise NotLocatedError(f"{path} can't be read ({error}): correct it, or pass {named_by} {_EXAMPLE}") from error
    table: Any = content
    for key, called in (("tool", "[tool]"), ("eventy", "[tool.eventy]")):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise NotLocatedError(f'{called} in {path} is {table!r}, expected a table: [tool.eventy] with app = "…"')
    found: object = table.get("app")
    if found is None:
        raise NotLocatedError(f"which application is meant? {path} has no app of [tool.eventy]: {advice}")
    return found


def _imported(name: str, folder: Path, where: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            near = closest(error.name, _beside(error.name, folder))
            raise NotLocatedError(
                f"{where}, but there is no module {error.name!r}{near} in {folder.absolute()}, nor where Python looks: "
                "correct the name, or run this in the folder of the application"
            ) from error
        raise _broken(name, where, error) from error
    except SystemExit as error:
        raise BrokenModuleError(
            f"{where}, but importing {name} ends the process: put what runs the application under "
            'if __name__ == "__main__"'
        ) from error
    except Exception as error:
        raise _broken(name, where, error) from error


def _broken(name: str, where: str, error: Exception) -> BrokenModuleError:
    return BrokenModuleError(f"{where}, but {name} can't be imported: {described(error)}{raised_at(error)}")


def _beside(module: str, folder: Path) -> list[str]:
    """Return the modules where this one would be."""
    parent, dot, _ = module.rpartition(".")
    inside = folder.joinpath(*filter(None, parent.split(".")))
    there = [one.stem for one in inside.iterdir() if one.suffix == ".py" or one.is_dir()] if inside.is_dir() else []
    return [f"{parent}{dot}{one}" for one in sorted(there)]
