"""Finds the function that makes the container: `--app module:function`, else `[tool.eventy] app` in pyproject.toml."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from eventy.errors import ConfigurationError
from eventy.injection.singletons import place_of
from eventy.words import described

Factory = Callable[..., Any]

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_EXAMPLE = "containers.application:create_container"


class UsageError(ConfigurationError):
    """The command is called in a way that it can't be."""


class BrokenModuleError(ConfigurationError):
    """The module that is named can't be imported."""

    exit_status = 1


def name_of_app(given: str | None) -> str:
    """Return `module:function`, as it is given or stands in `pyproject.toml`. Raises UsageError."""
    if given is not None:
        return _checked(given, "--app")
    path = Path("pyproject.toml")
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(
            f"which application is meant? Pass --app {_EXAMPLE}, or have a pyproject.toml in {Path.cwd()} with "
            f'[tool.eventy] and app = "{_EXAMPLE}"'
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.absolute()} can't be read ({error}): correct it, or pass --app {_EXAMPLE}") from error
    table = content.get("tool", {}).get("eventy", {})
    found = table.get("app") if isinstance(table, dict) else None
    if found is None:
        raise UsageError(
            f'{path.absolute()} has no [tool.eventy] with app = "{_EXAMPLE}": add it, or pass --app {_EXAMPLE}'
        )
    return _checked(found, f"app of [tool.eventy] in {path.absolute()}")


def factory_of(name: str) -> Factory:
    """Return the function; the working directory can be imported from.

    Raises UsageError when there is none of this name, BrokenModuleError when its module fails.
    """
    module_name, _, attribute = name.partition(":")
    _make_importable(str(Path.cwd()))
    module = _imported(module_name)
    if not hasattr(module, attribute):
        near = get_close_matches(attribute, vars(module), n=1)
        hint = f"; did you mean {module_name}:{near[0]}?" if near else ""
        raise UsageError(f"{name}: {module_name} ({module.__file__}) has no {attribute!r}{hint}")
    factory = getattr(module, attribute)
    if not callable(factory):
        raise UsageError(
            f"{name} is {type(factory).__name__}, which can't be called: name the function that makes the container"
        )
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise UsageError(f"{name} can't be called without arguments ({error}): give them defaults") from error
    except ValueError:
        pass  # a builtin without a signature
    return factory  # type: ignore[no-any-return]  # a user's module has anything


def _checked(name: object, where: str) -> str:
    if not isinstance(name, str) or not _FORM.fullmatch(name):
        raise UsageError(f"{where} is {name!r}, expected module:function, {_EXAMPLE} for example")
    return name


def _make_importable(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"there is no module {error.name!r}{_near(error.name)} in {Path.cwd()}, nor where Python looks: "
                f"correct {name!r}, or call eventy in the folder of the application"
            ) from error
        raise _broken(name, error) from error
    except SystemExit as error:
        raise BrokenModuleError(
            f'importing {name} ends the process: put what runs the application under if __name__ == "__main__"'
        ) from error
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> BrokenModuleError:
    return BrokenModuleError(f"{name} can't be imported: {described(error)}{place_of(error)}")


def _near(module: str) -> str:
    parent, _, name = module.rpartition(".")
    folder = Path(*parent.split("."))
    here = [path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()] if folder.is_dir() else []
    near = get_close_matches(name, sorted(here), n=1)
    return f" (closest: {'.'.join(filter(None, (parent, near[0])))!r})" if near else ""
