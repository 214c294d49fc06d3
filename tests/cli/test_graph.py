"""`eventy graph`, by its main function."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventy.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
APP = "containers.application:create_container"
MISTAKEN = """
from containers.application import create_container

def create():
    container = create_container()
    container.payment_repository.override(dict)
    return container
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of its own, with the sample's schemas."""
    (tmp_path / "avro_schemas").symlink_to(ROOT / "avro_schemas")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_page_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--app", APP]) == 0
    assert capsys.readouterr() == (PAGE, "")


def test_page_is_written_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "page.md").write_text("of yesterday")
    assert main(["graph", "--app", APP, "--output", "page.md"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (folder / "page.md").read_text() == PAGE


def test_file_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--app", APP, "--output", "nowhere/page.md"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "eventy: --output: nowhere/page.md can't be written (No such file or directory): name another file\n"


def test_application_with_mistakes_is_not_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"service_{folder.name}.py").write_text(MISTAKEN)
    assert main(["graph", "--app", f"service_{folder.name}:create", "--output", "page.md"]) == 1
    assert "CreatePayment.execute → payment_repository: is overridden with the class dict" in capsys.readouterr().err
    assert not (folder / "page.md").exists()
