"""The `.env` file: where it is, and what stands in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from decouple import RepositoryEnv

from eventy.app.settings.found import ENV_FILE, NAMES, unknown
from eventy.app.settings.table import VARIABLES
from eventy.words import closest

# A byte order mark, as some editors write it, isn't part of the first name.
_ENCODING = "utf-8-sig"
_LINE = re.compile(r"\s*(?P<export>export\s+)?(?P<name>\w+)\s*(?P<equals>=)?")
# Names that other programs have too, in a file for several; so like one of ours they are a slip.
_SHARED = ("KAFKA_", "AVRO_", "SCHEMA_REGISTRY_")
_SLIP = 0.85


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What the file says.

    Parameters
        where: its path.
        values: by the names of the variables, those of other programs included; None: it can't be read.
        mistakes: a line for each.
    """

    where: str
    values: Mapping[str, str] | None
    mistakes: list[str]


def read_env_file(environ: Mapping[str, str], env_file: str | os.PathLike[str] | None) -> EnvFile:
    """Read the file that is named, else the one that EVENTY_ENV_FILE names, else `.env` where there is one."""
    named = env_file or environ.get(ENV_FILE)
    path = Path(named or ".env")
    try:
        if not named and (not path.exists() or path.is_dir()):
            return EnvFile(str(path), {}, [])
        lines = path.read_text(_ENCODING).split("\n")
        values = RepositoryEnv(path, encoding=_ENCODING).data
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError as error:
        reason = f"its byte {error.start} is not UTF-8"
    else:
        return EnvFile(str(path), values, [*_lines(lines, path), *_names(values, path)])
    subject = str(path) if env_file or not named else f"{ENV_FILE} is {str(path)!r}, which"
    mistake = f"{subject} can't be read: {reason}, expected lines NAME=value in UTF-8: correct the path or the file"
    return EnvFile(str(path), None, [mistake])


def _lines(lines: list[str], path: Path) -> Iterator[str]:
    """Find the lines that look like a setting and aren't read as one."""
    for number, line in enumerate(lines, start=1):
        match = _LINE.match(line)
        if match is None or not _ours(match["name"]):
            continue
        if match["export"]:
            yield f"line {number} of {path} begins with export, expected {match['name']}=…: remove the word"
        elif not match["equals"]:
            yield f"line {number} of {path} has no = after {match['name']}, expected {match['name']}=…: put it there"


def _names(values: Mapping[str, str], path: Path) -> Iterator[str]:
    yield from unknown(values, str(path))
    for name in values:
        if name == ENV_FILE:
            yield f"{name} stands in {path}, expected in the environment alone: remove it from the file"
        elif name not in VARIABLES and name.upper().startswith(_SHARED) and (near := _slip_of(name)):
            yield f"{name} is no setting{near}: rename or remove it in {path}"


def _slip_of(name: str) -> str:
    return closest(name.upper(), NAMES, cutoff=_SLIP)


def _ours(name: str) -> bool:
    return name in VARIABLES or name.upper().startswith("EVENTY_")
