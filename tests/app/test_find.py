"""Which function makes the container of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventy.app.find import find_factory
from eventy.errors import ConfigurationError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    (tmp_path / "found_service.py").write_text("def create(): return 'made'\nnothing = 1\n")
    (tmp_path / "found_broken.py").write_text("import no_such_module\n")
    return tmp_path


def says(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)


def test_project_says_which(project: Path) -> None:
    says(project, '[tool.eventy]\napp = "found_service:create"\n')
    assert find_factory(None, project)() == "made"


def test_what_is_named_goes_before_what_the_project_says(project: Path) -> None:
    says(project, '[tool.eventy]\napp = "elsewhere:create"\n')
    assert find_factory("found_service:create", project)() == "made"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("found_service", r"--app is 'found_service', expected `module:function`"),
        (":create", "expected `module:function`"),
        ("found_service:creat", r"has no creat; did you mean found_service:create\?"),
        ("found_service:nothing", "that is 1, expected a function"),
        ("found_broken:create", "importing found_broken failed with ModuleNotFoundError: No module named 'no_such"),
        ("nowhere:create", "importing nowhere failed"),
    ],
)
def test_what_cannot_be_found_is_said(project: Path, named: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        find_factory(named, project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"doesn't say: add to it:\n\n\[tool.eventy\]\napp = "),
        ("[tool.eventy]\napp = 1\n", r"\[tool.eventy\] app in .*pyproject.toml is 1, expected"),
        ("[tool", "pyproject.toml can't be read"),
    ],
)
def test_project_that_does_not_say_is_told_how(project: Path, text: str, said: str) -> None:
    says(project, text)
    with pytest.raises(ConfigurationError, match=said):
        find_factory(None, project)


def test_without_a_project_file_it_is_said_what_to_write(project: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no .*pyproject.toml: write one with:\n\n\[tool.eventy\]"):
        find_factory(None, project)
