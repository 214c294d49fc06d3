"""`eventy check`, by its main function, and once as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from eventy.cli.main import main

ROOT = Path(__file__).parents[2]
SERVICE = """
from dependency_injector import providers
from containers.application import create_container
from eventy.app.check import build_app
from eventy.app.settings import Settings
from eventy.event.registry import Registry, on
from payment.messages import MESSAGES

async def handle(event): pass
def a_number(): return 1
def broken(): return {}["container"]
def ending(): raise SystemExit(0)
def endless(): return endless()
def takes(folder): return folder
def in_a_circle():
    container = create_container()
    container.clock.override(providers.Singleton(dict, clock=container.clock))
    return build_app(container) and container
async def coming(): return create_container()
def wrong(settings: Settings | None = None):
    container = create_container(settings)
    container.payment_repository.override(dict)
    return container
def overtaken():
    container = create_container()
    container.registry.override(Registry([on("qotto", handle), *MESSAGES]))
    return container
no_function = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a module of its own, whose schemas are the sample's."""
    (tmp_path / "avro_schemas").symlink_to(ROOT / "avro_schemas")
    (tmp_path / f"service_{tmp_path.name}.py").write_text(SERVICE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def outcome(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(arguments)
    except SystemExit as error:  # argparse ends by itself
        status = int(str(error.code))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


def test_sound_application(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = outcome(capsys, "check", "--app", "containers.application:create_container")
    assert (status, err) == (0, "")
    assert out == "containers.application:create_container: no mistakes in 22 providers and 6 handlers\n"


def test_notes_are_told_on_stderr_and_are_no_mistakes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = outcome(capsys, "check", "--app", f"service_{folder.name}:overtaken")
    assert (status, ": no mistakes in 22 providers and " in out) == (0, True), err
    first, *_ = err.splitlines()
    assert first == (
        "eventy: note: CreatePayment, registered for 'qotto.payment.command.CreatePayment', never gets a message: "
        "on('qotto', handle) stands before it, and the first that matches a name wins. Put it first, or take one of "
        "them out"
    )


def test_application_of_pyproject(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text('[tool.eventy]\napp = "containers.application:create_container"\n')
    assert outcome(capsys, "check")[0] == 0


def test_mistakes_are_told_on_stderr_all_of_them_with_those_of_the_settings(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTY_HTTP_HANDLER_PORT", "eighty")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVER", "somewhere:9092")
    status, out, err = outcome(capsys, "check", "--app", f"service_{folder.name}:wrong")
    assert (status, out) == (1, "")
    heading, *lines = err.splitlines()
    assert heading == "eventy: 3 mistakes were found:"
    assert [line.split(" is ")[0] for line in lines] == [
        "  EVENTY_HTTP_HANDLER_PORT",
        "  KAFKA_BOOTSTRAP_SERVER",
        "  CreatePayment.execute → payment_repository:",
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {
            "EVENTY_EVENT_CONSUMER": "no.such.Consumer",
            "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
            "KAFKA_BOOTSTRAP_SERVER": "somewhere:9092",
        },
        {"AVRO_SCHEMAS_FOLDER": "schemas # of the sample"},
    ],
)
def test_defaults_in_place_of_wrong_settings_are_nobodys_mistake(
    environment: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "AVRO_SCHEMAS_FOLDER" in environment:
        (folder / "avro_schemas").unlink()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status, _, err = outcome(capsys, "check", "--app", f"service_{folder.name}:wrong")
    assert (status, err.splitlines()[0]) == (1, "eventy: 2 mistakes were found:")


def test_log_that_the_process_could_not_have_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTY_LOG_FORMAT", "json")
    monkeypatch.setitem(sys.modules, "pythonjsonlogger.json", None)
    status, _, err = outcome(capsys, "check", "--app", "containers.application:create_container")
    assert (status, "EVENTY_LOG_FORMAT is 'json', but python-json-logger isn't installed" in err) == (1, True), err


@pytest.mark.parametrize(
    ("function", "status", "message"),
    [
        ("a_number", 1, "a_number() returned 1, expected a container with a provider `app`"),
        ("broken", 1, ":broken failed: KeyError: 'container' ("),
        ("ending", 1, ":ending failed: SystemExit: 0 ("),
        ("endless", 1, "endless() calls itself without end ("),
        ("in_a_circle", 1, "is built with itself"),
        ("coming", 1, "coming() is async, expected a function that returns a container"),
        ("takes", 2, ":takes can't be called without arguments (missing a required argument: 'folder')"),
        ("no_function", 2, ":no_function', which is of type int and can't be called"),
        ("brokn", 2, "has no 'brokn' (closest: 'broken')"),
    ],
)
def test_function_that_makes_no_container(
    function: str, status: int, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, _, err = outcome(capsys, "check", "--app", f"service_{folder.name}:{function}")
    assert (found, message in err) == (status, True), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: command"),
        (("chek",), "invalid choice: 'chek'"),
        (("check",), "which application is meant? There is no "),
        (("check", "--app", "service"), "--app is 'service', expected module:function"),
        (("check", "--app", "nowhere:create"), "there is no module 'nowhere' in "),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = outcome(capsys, *arguments)
    assert (status, message in err) == (2, True), err


def test_wrong_pyproject(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text('[tool]\neventy = "containers.application:create_container"\n')
    status, _, err = outcome(capsys, "check")
    assert (status, "expected a table: [tool.eventy] with app" in err) == (2, True), err


def test_module_that_cannot_be_imported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"module_{folder.name}.py").write_text("import nowhere_to_be_found")
    status, _, err = outcome(capsys, "check", "--app", f"module_{folder.name}:create")
    assert (status, "can't be imported: ModuleNotFoundError" in err) == (1, True), err


def test_traceback_is_added_at_debug(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTY_LOG_LEVEL", "debug")
    assert main(["check", "--app", "service"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_command_is_declared_and_runs_as_a_module(folder: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"eventy": "eventy.cli.main:main"}
    command = [sys.executable, "-m", "eventy", "check", "--app", f"service_{folder.name}:wrong"]
    ended = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(
        "eventy: 1 mistake was found:\n  CreatePayment.execute → payment_repository: is overridden"
    )
