"""Try the built wheel as a new user does: in an empty environment, with the program of docs/guide/start.md.

    python scripts/check_wheel.py dist/eventy-….whl dist/eventy-….tar.gz

`eventy check`, as the wheel installs it, finds no mistake in the program. Then the extra `testing` is added: all of the
test kit can be imported, and the program's own tests pass under pytest, which finds the fixtures by itself.

What the page has to look like: a code fence with a title is a file of the user's, written under that name;
the fence titled `output` has what the program prints, and isn't a file. Each of its lines must be found in a line that
`python service.py` prints, in this order. Then the program gets SIGTERM and must end with status 0.

    ```python title="service.py"
    ```json title="avro_schemas/greeting.avsc"
    ```text title="output"
"""

import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide" / "start.md"
PROGRAM = "service.py"
APP = "service:create_container"
FENCE = re.compile(r'^```\w+ title="(?P<title>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
START_WITHIN = 30.0  # seconds until the last line of the output
STOP_WITHIN = 30.0  # seconds from SIGTERM to the end
IMPORT_THE_KIT = """
import importlib, pkgutil, eventy.testing
for found in pkgutil.walk_packages(eventy.testing.__path__, "eventy.testing."):
    if not found.name.endswith(".__main__"):
        importlib.import_module(found.name)
"""
OURS = ("AVRO_", "DATABASE_", "EVENTY_", "KAFKA_", "PYTHON", "SCHEMA_REGISTRY_")


class CheckFailedError(Exception):
    """The wheel or the page isn't what it should be; the message says how."""


def main(wheel: Path, sdist: Path) -> None:
    check_contents(wheel, sdist)
    files, expected = read_page()
    with tempfile.TemporaryDirectory(prefix="eventy-wheel-") as folder:
        python = Path(folder, "venv", "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        install(python, str(wheel))
        service = Path(folder, "service")
        for name, text in files.items():
            path = service / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        check_wiring(python, service)
        run_program(python, service, expected)
        install(python, f"{wheel}[testing]")
        run_tests(python, service)
    page = PAGE.relative_to(ROOT)
    print(f"{wheel.name}: installs into an empty environment; the program of {page} runs on it, and so do its tests")


def check_contents(wheel: Path, sdist: Path) -> None:
    """The wheel has the package and nothing beside it; both have the whole of it, with the files that aren't Python."""
    in_wheel = zipfile.ZipFile(wheel).namelist()
    if strangers := [name for name in in_wheel if not re.match(r"eventy(-[^/]*\.dist-info)?/", name)]:
        raise CheckFailedError(f"the wheel should have eventy only, but has {strangers}")
    with tarfile.open(sdist) as archive:
        in_sdist = [name.partition("/")[2] for name in archive.getnames()]
    for archive_name, names in ((wheel.name, in_wheel), (sdist.name, in_sdist)):
        if missing := [name for name in package() if name not in names]:
            raise CheckFailedError(f"{archive_name} lacks {', '.join(missing)}")


def package() -> list[str]:
    """Return the files of the package: what only users import would be missed by nobody here."""
    files = (path.relative_to(ROOT) for path in (ROOT / "eventy").rglob("*") if path.is_file())
    return sorted(str(path) for path in files if "__pycache__" not in path.parts)


def read_page() -> tuple[dict[str, str], list[str]]:
    """Return the page's files by name, and the lines that it says are printed."""
    if not PAGE.exists():
        raise CheckFailedError(f"{PAGE} doesn't exist: there is no program to try the wheel with")
    files = {match["title"]: match["text"] for match in FENCE.finditer(PAGE.read_text())}
    expected = files.pop("output", "").splitlines()
    if PROGRAM not in files or not expected:
        raise CheckFailedError(f'{PAGE} needs a fence with title="{PROGRAM}" and one with title="output"')
    return files, expected


def install(python: Path, what: str) -> None:
    """Install a wheel, with the extras that it is asked for, and what these ask for."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, what], check=True)


def check_wiring(python: Path, folder: Path) -> None:
    """The command that the wheel installs finds no mistake in the page's program."""
    run([str(python.with_name("eventy")), "check", "--app", APP], folder)


def run_tests(python: Path, folder: Path) -> None:
    """The kit is whole, and the page's tests pass: as the page says, and where nothing at all is configured."""
    run([str(python), "-c", IMPORT_THE_KIT], folder)
    run([str(python), "-m", "pytest", "-W", "error", "--strict-markers"], folder)
    (folder / "pyproject.toml").unlink()
    run([str(python), "-m", "pytest", "--eventy-app", APP, "-o", "asyncio_mode=auto"], folder)


def run(command: list[str], folder: Path) -> None:
    ended = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise CheckFailedError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")


def run_program(python: Path, folder: Path, expected: list[str]) -> None:
    """Run the page's program, wait for what it should print, then end it as a supervisor does."""
    log = folder.with_name("output.txt")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, PROGRAM],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(expected, log, process)
        process.send_signal(signal.SIGTERM)
        if (status := process.wait(STOP_WITHIN)) != 0:
            raise CheckFailedError(f"after SIGTERM {PROGRAM} ended with {status} instead of 0:\n{log.read_text()}")
    except subprocess.TimeoutExpired:
        raise CheckFailedError(f"{PROGRAM} still runs {STOP_WITHIN} s after SIGTERM:\n{log.read_text()}") from None
    finally:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Return the process's own without any setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def wait_for(expected: list[str], log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN
    while (missing := first_missing(expected, log.read_text(errors="replace"))) is not None:
        if process.poll() is not None:
            raise CheckFailedError(
                f"{PROGRAM} ended with {process.returncode} before it printed {missing!r}:\n{log.read_text()}"
            )
        if time.monotonic() > deadline:
            raise CheckFailedError(f"{PROGRAM} didn't print {missing!r} in {START_WITHIN} s:\n{log.read_text()}")
        time.sleep(0.05)


def first_missing(expected: list[str], printed: str) -> str | None:
    """Return the first expected line that isn't part of a printed line after those found before it."""
    lines = iter(printed.splitlines())
    return next((line for line in expected if not any(line in candidate for candidate in lines)), None)


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004  the script and the two
        sys.exit("usage: python scripts/check_wheel.py WHEEL SDIST")
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (CheckFailedError, subprocess.CalledProcessError) as error:
        sys.exit(f"check_wheel: {error}")
