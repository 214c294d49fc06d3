"""What `check` says of schemas: the file, what was found in it, and what to do, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from containers.application import create_container
from eventy.app.settings import Settings
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from tests.app.mistaken import mistakes_of


async def handle(event: BaseEvent) -> None: ...


def record(name: str, *types: str) -> str:
    fields = [{"name": f"field{number}", "type": kind} for number, kind in enumerate(types)]
    return json.dumps({"type": "record", "name": name, "fields": fields})


def mistake_with(folder: Path, *names: str) -> str:
    """Return the one mistake of the sample with other schemas, and messages of other names."""
    container: Any = create_container(Settings(avro_schemas_folder=str(folder)))
    messages = Registry([on(name, handle) for name in names])
    with container.registry.override(providers.Object(messages)):
        (mistake,) = mistakes_of(container)
    return mistake


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"broken.avsc": "{"},
            (
                "{folder}/broken.avsc, line 1, column 2: no JSON (Expecting property name enclosed in double quotes): "
                "correct it there, or name the file *.avsc.yaml if it is YAML"
            ),
        ),
        (
            {"broken.avsc.yaml": "a: [1"},
            (
                "{folder}/broken.avsc.yaml, line 1, column 6: no YAML (expected ',' or ']', but got '<stream end>'): "
                "correct it there"
            ),
        ),
        (
            {"one.avsc": '"string"'},
            (
                "{folder}/one.avsc: found 'string', expected a record, an enum or a fixed, that is "
                '{{"type": "record", "name": …, "fields": […]}}, or a list of them'
            ),
        ),
        (
            {"one.avsc": record("a.A"), "two.avsc": record("a.A")},
            "'a.A' is defined twice, in {folder}/one.avsc and in {folder}/two.avsc: remove or rename one",
        ),
        (
            {"one.avsc": record("a.Payment"), "two.avsc": record("a.A", "string", "a.Paymnt")},
            (
                "{folder}/two.avsc: a.A.field1 is of type 'a.Paymnt', which no file defines "
                "(closest: 'a.Payment'): correct the name, or add a file that defines it"
            ),
        ),
    ],
)
def test_file_that_cannot_be_used_is_told_with_its_place(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert mistake_with(tmp_path, "a.A") == f"event_serializer: {expected.format(folder=tmp_path)}"


def test_folder_that_is_not_there_is_told_with_the_variable(tmp_path: Path) -> None:
    assert mistake_with(tmp_path / "nothing", "a.A") == (
        f"event_serializer: the folder of schemas '{tmp_path}/nothing' can't be read (No such file or directory): set "
        "AVRO_SCHEMAS_FOLDER to the folder of your *.avsc files, one that this process may read"
    )


def test_message_without_a_schema_is_told_with_the_closest(tmp_path: Path) -> None:
    (tmp_path / "payment.avsc").write_text(record("a.PaymentCreated"))
    (tmp_path / "other.avsc").write_text(record("b.Other"))
    mistake = mistake_with(tmp_path, "a.PaymentCreatd")
    assert mistake == (
        "event_serializer: GenericEvent is registered for 'a.PaymentCreatd', which matches no schema; "
        f"'{tmp_path}' has 2 schemas (closest: 'a.PaymentCreated'): correct the name, or add the schema"
    )
