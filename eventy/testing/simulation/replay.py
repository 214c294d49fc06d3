"""How a seed is played again, in words and back."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from eventy.app.located import located
from eventy.errors import ConfigurationError
from eventy.testing.simulation.faults import Faults
from eventy.words import closest


def command(scenario: Callable[..., Any], seed: int, digest: str, faults: Faults | None) -> str:
    """Return what plays a seed again: a command where the scenario can be imported, else a line of Python."""
    if (path := path_of(scenario)) is None:
        name = getattr(scenario, "__name__", "scenario")
        return f"simulate({name}, seeds=[{seed}]{'' if faults is None else f', faults={faults}'})"
    words = [
        *_environment(scenario),
        _python(),
        "-m",
        "eventy.testing.simulation",
        path,
        "--seed",
        str(seed),
        "--digest",
        digest,
    ]
    if faults is not None:
        default = Faults()
        changed = [one.name for one in fields(faults) if getattr(faults, one.name) != getattr(default, one.name)]
        words += [f"--fault={name}={getattr(faults, name):g}" for name in changed]
    return shlex.join(words)


def _environment(scenario: Callable[..., Any]) -> list[str]:
    """Return what has Python run as it does here: find the module, and go through sets of text in the same order."""
    variables = [*_search_path(scenario), *_hash_seed()]
    return ["env", *variables] if variables else []


def _search_path(scenario: Callable[..., Any]) -> list[str]:
    """Return what has Python find the scenario's module, which pytest may have found beside the test alone."""
    module = sys.modules[scenario.__module__]
    if (file := getattr(module, "__file__", None)) is None:
        return []
    folder = Path(file).parents[module.__name__.count(".")]
    if folder == Path.cwd():
        return []
    others = os.environ.get("PYTHONPATH")
    return [f"PYTHONPATH={_from_here(folder)}{f'{os.pathsep}{others}' if others else ''}"]


def _hash_seed() -> list[str]:
    seed = os.environ.get("PYTHONHASHSEED", "")
    return [] if seed in ("", "random") else [f"PYTHONHASHSEED={seed}"]


def path_of(scenario: Callable[..., Any]) -> str | None:
    """Return `module:name`, or None when that doesn't lead to the scenario."""
    module, name = getattr(scenario, "__module__", None), getattr(scenario, "__qualname__", "")
    if module in (None, "__main__") or getattr(sys.modules.get(str(module)), name, None) is not scenario:
        return None
    return f"{module}:{name}"


def found(path: str) -> Callable[..., Any]:
    """Return the scenario of a path `module:name`. Raises ConfigurationError."""
    return located(path, Path.cwd(), named_by="the scenario").function


def faults_of(words: list[str]) -> Faults | None:
    """Return the faults that `name=value` words change; None without any. Raises ConfigurationError."""
    known = [one.name for one in fields(Faults)]
    changed: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in known:
            raise ConfigurationError(
                f"there is no fault {name!r}{closest(name, known)}, expected some of {', '.join(known)}"
            )
        try:
            changed[name] = float(value)
        except ValueError:
            raise ConfigurationError(f"the fault {name} is {value!r}, expected a number: {name}=0.5") from None
    return Faults(**changed) if changed else None


def _python() -> str:
    """Return the interpreter, as it is called from here."""
    return str(_from_here(Path(sys.executable)))


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
