"""Finds the function that makes a project's container: what is named, else `[tool.eventy] app` in pyproject.toml."""

from __future__ import annotations

import difflib
import importlib
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eventy.errors import ConfigurationError
from eventy.words import described

PYPROJECT = "pyproject.toml"
_EXPECTED = "expected `module:function`, containers.application:create_container for example"


def find_factory(named: str | None, folder: Path, *, named_by: str = "--app") -> Callable[..., Any]:
    """Return the function that makes the container.

    Parameters
        named: `module:function`; None: as `pyproject.toml` says.
        folder: of the project: its modules can be imported, and its `pyproject.toml` is read.
        named_by: what has named it, for errors.

    Raises ConfigurationError, saying what is wrong with it.
    """
    where, path = (named_by, named) if named is not None else _as_the_project_says(folder)
    module_name, colon, name = path.partition(":")
    if not module_name or not colon or not name:
        raise ConfigurationError(f"{where} is {path!r}, {_EXPECTED}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigurationError(
            f"{where} is {path!r}, but importing {module_name} failed with {described(error)}; {_EXPECTED}, with the "
            f"module found from {folder}"
        ) from error
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, [one for one in vars(module) if not one.startswith("_")], n=1)
        hint = f"; did you mean {module_name}:{near[0]}?" if near else ""
        raise ConfigurationError(f"{where} is {path!r}, but {module_name} has no {name}{hint}")
    factory: Callable[..., Any] = getattr(module, name)
    if not callable(factory):
        raise ConfigurationError(f"{where} is {path!r}, but that is {factory!r}, expected a function")
    return factory


def _as_the_project_says(folder: Path) -> tuple[str, str]:
    file = folder / PYPROJECT
    asked = f'add to it:\n\n[tool.eventy]\napp = "module:function"\n\n{_EXPECTED}'
    if not file.is_file():
        raise ConfigurationError(f"which container? There is no {file}: {asked.replace('add to it', 'write one with')}")
    try:
        read = tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error
    found = read.get("tool", {}).get("eventy", {}).get("app")
    if found is None:
        raise ConfigurationError(f"which container? {file} doesn't say: {asked}")
    if not isinstance(found, str):
        raise ConfigurationError(f"[tool.eventy] app in {file} is {found!r}, {_EXPECTED}")
    return f"[tool.eventy] app in {file}", found
