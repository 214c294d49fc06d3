"""Schemas for tests, and the folders they are in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def record(name: str, **fields: Any) -> Json:
    """Return a record with fields of these types."""
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


def write(folder: Path, *definitions: Any) -> Path:
    """Write each definition to a file of its own and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, definition in enumerate(definitions, start=1):
        (folder / f"{number}.avsc").write_text(json.dumps(definition))
    return folder
