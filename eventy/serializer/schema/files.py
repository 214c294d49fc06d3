"""From a folder to the documents in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eventy.errors import SchemaError

JSON_ENDING, YAML_ENDING = ".avsc", ".avsc.yaml"


@dataclass(frozen=True, slots=True)
class Document:
    """What a file, or one of the documents in a YAML file, holds.

    Parameters
        where: how an error names it, such as `avro_schemas/payment.avsc.yaml, document 2`.
    """

    where: str
    content: Any


def read_documents(folder: Path) -> Iterator[Document]:
    """Yield the documents of every `*.avsc` and `*.avsc.yaml` at or below a folder, by path.

    Raises SchemaError for a folder or file that can't be read or parsed.
    """
    for path in sorted(_schema_files(folder)):
        text = _read(path)
        yield from _parse_yaml(path, text) if path.name.endswith(YAML_ENDING) else _parse_json(path, text)


def _schema_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=_refuse_folder):
        # Hidden folders hold copies: Kubernetes mounts a ConfigMap as links into `..data`.
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (
            Path(parent, name)
            for name in names
            if name.endswith((JSON_ENDING, YAML_ENDING)) and not name.startswith(".")
        )


def _refuse_folder(error: OSError) -> None:
    raise SchemaError(
        f"the folder of schemas {str(Path(error.filename).absolute())!r} can't be read ({error.strerror}): "
        "set AVRO_SCHEMAS_FOLDER to the folder of your *.avsc files, one that this process may read"
    ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path}: byte {error.start} isn't UTF-8: save the file as UTF-8") from error
    except OSError as error:
        raise SchemaError(
            f"{path} can't be read ({error.strerror}): give this process the right to read all of AVRO_SCHEMAS_FOLDER"
        ) from error


def _parse_json(path: Path, text: str) -> Iterator[Document]:
    try:
        yield Document(str(path), json.loads(text))
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"{path}, line {error.lineno}, column {error.colno}: no JSON ({error.msg}): "
            f"correct it there, or name the file *{YAML_ENDING} if it is YAML"
        ) from error
    except RecursionError as error:
        raise SchemaError(f"{path}: nested too deeply: give the inner types a file of their own") from error


def _parse_yaml(path: Path, text: str) -> Iterator[Document]:
    try:
        contents = list(yaml.safe_load_all(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SchemaError(f"{path}{place}: no YAML ({error.problem}): correct it there") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SchemaError(f"{path}: no YAML ({error}): correct it") from error
    for number, content in enumerate(contents, start=1):
        if content is not None:  # nothing between two `---`
            yield Document(str(path) if len(contents) == 1 else f"{path}, document {number}", content)
