"""The function of a name, and the one that makes the container of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventy.app.located import BrokenModuleError, NotLocatedError, located_app

MODULES = {
    "found_service": "def create(): return 'made'\nnothing = 1\n",
    "found_importing": "from eventy.app.create import create\ndef create_it(): ...\ncreated = 1\n",
    "found_missing": "import nowhere_to_be_found",
    "found_misspelt": (
        "from dependency_injector import providers\nprovider = providers.Singleton('eventy.clock.Clok')"
    ),
    "found_unreadable": "def create(:",
    "found_ending": "raise SystemExit(0)",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def says(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)


def mistake(folder: Path, named: str | None = None) -> str:
    with pytest.raises(NotLocatedError) as raised:
        located_app(named, folder, named_by="--app")
    assert raised.value.exit_status == 2
    return str(raised.value)


def test_project_says_which(project: Path) -> None:
    says(project, '[tool.eventy]\napp = "found_service:create"\n')
    app = located_app(None, project, named_by="--app")
    assert (app.name, app.function()) == ("found_service:create", "made")


def test_what_is_named_goes_before_what_the_project_says(project: Path) -> None:
    says(project, '[tool.eventy]\napp = "elsewhere:create"\n')
    assert located_app("found_service:create", project, named_by="--app").function() == "made"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("found_service", "--app is 'found_service', expected module:function"),
        (":create", "expected module:function"),
        ("found_service:create()", "expected module:function"),
        ("found_service:creat", "has no 'creat' (closest: 'create'): correct the name"),
        ("found_importing:creat", "has no 'creat' (closest: 'create_it'): correct the name"),
        ("found_service:strange", "found_service.py) has no 'strange': correct the name"),
        ("sys:strange", "but sys has no 'strange'"),
        ("found_service:nothing", "which is of type int and can't be called: name a function"),
        ("found_servce:create", "there is no module 'found_servce' (closest: 'found_service') in "),
        ("nowhere:create", "there is no module 'nowhere' in "),
        ("payment.commnds:create", "there is no module 'payment.commnds'"),
    ],
)
def test_what_cannot_be_found_is_said(project: Path, named: str, said: str) -> None:
    assert said in mistake(project, named)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("found_missing", "can't be imported: ModuleNotFoundError: No module named 'nowhere_to_be_found' ("),
        ("found_misspelt", "can't be imported: AttributeError: module 'eventy.clock' has no attribute 'Clok' ("),
        ("found_unreadable", "can't be imported: SyntaxError"),
        ("found_ending", 'ends the process: put what runs the application under if __name__ == "__main__"'),
    ],
)
def test_module_that_cannot_be_imported(module: str, said: str, project: Path) -> None:
    with pytest.raises(BrokenModuleError) as raised:
        located_app(f"{module}:create", project, named_by="--app")
    assert said in str(raised.value)
    assert raised.value.exit_status == 1
    assert "eventy/" not in str(raised.value)  # what is told is the user's own line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "pyproject.toml has no app of [tool.eventy]: pass --app "),
        ("[tool.eventy]\n", "pyproject.toml has no app of [tool.eventy]: pass --app "),
        ("[tool.eventy]\napp = 1\n", "pyproject.toml is 1, expected module:function"),
        ('[tool]\neventy = "x"\n', "pyproject.toml is 'x', expected a table: [tool.eventy] with app"),
        ("tool = 3\n", "pyproject.toml is 3, expected a table: [tool.eventy] with app"),
        ("[tool.eventy", "pyproject.toml can't be read (Expected ']'"),
    ],
)
def test_project_that_does_not_say_is_told_how(project: Path, text: str, said: str) -> None:
    says(project, text)
    assert said in mistake(project)


def test_project_file_is_read_as_utf_8_alone(project: Path) -> None:
    (project / "pyproject.toml").write_bytes('[project]\nname = "é"'.encode("latin-1"))
    assert "pyproject.toml can't be read ('utf-8' codec" in mistake(project)
    (project / "pyproject.toml").write_bytes('name = "é"\n[tool.eventy]\napp = "found_service:create"'.encode())
    assert located_app(None, project, named_by="--app").function() == "made"


def test_without_a_project_file_it_is_said_what_to_write(project: Path) -> None:
    said = mistake(project)
    assert f"There is no {project / 'pyproject.toml'}: pass --app " in said
    assert said.endswith('or say it there by [tool.eventy] and app = "containers.application:create_container"')
