"""Try the built wheel as a new user does: in an empty environment, with the program of docs/guide/start.md.

    python scripts/check_wheel.py dist/eventy-….whl

`eventy check`, as the wheel installs it, finds no mistake in the program.

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
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide" / "start.md"
PROGRAM = "service.py"
FENCE = re.compile(r'^```\w+ title="(?P<title>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
START_WITHIN = 30.0  # seconds until the last line of the output
STOP_WITHIN = 30.0  # seconds from SIGTERM to the end
OURS = ("AVRO_", "DATABASE_", "EVENTY_", "KAFKA_", "PYTHON", "SCHEMA_REGISTRY_")


class CheckFailedError(Exception):
    """The wheel or the page isn't what it should be; the message says how."""


def main(wheel: Path) -> None:
    check_contents(wheel)
    files, expected = read_page()
    with tempfile.TemporaryDirectory(prefix="eventy-wheel-") as folder:
        python = install(wheel, Path(folder, "venv"))
        service = Path(folder, "service")
        for name, text in files.items():
            path = service / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        check_wiring(python, service)
        run_program(python, service, expected)
    print(f"{wheel.name}: installs into an empty environment, and the program of {PAGE.relative_to(ROOT)} runs on it")


def check_contents(wheel: Path) -> None:
    """The wheel has the package and nothing beside it, type marker included."""
    names = zipfile.ZipFile(wheel).namelist()
    if strangers := [name for name in names if not re.match(r"eventy(-[^/]*\.dist-info)?/", name)]:
        raise CheckFailedError(f"the wheel should have eventy only, but has {strangers}")
    if "eventy/py.typed" not in names:
        raise CheckFailedError("the wheel lacks eventy/py.typed")


def read_page() -> tuple[dict[str, str], list[str]]:
    """Return the page's files by name, and the lines that it says are printed."""
    if not PAGE.exists():
        raise CheckFailedError(f"{PAGE} doesn't exist: there is no program to try the wheel with")
    files = {match["title"]: match["text"] for match in FENCE.finditer(PAGE.read_text())}
    expected = files.pop("output", "").splitlines()
    if PROGRAM not in files or not expected:
        raise CheckFailedError(f'{PAGE} needs a fence with title="{PROGRAM}" and one with title="output"')
    return files, expected


def install(wheel: Path, venv: Path) -> Path:
    """Return the interpreter of a new environment that has the wheel and what it asks for."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, str(wheel)], check=True)
    return python


def check_wiring(python: Path, folder: Path) -> None:
    """The command that the wheel installs finds no mistake in the page's program."""
    command = [str(python.with_name("eventy")), "check", "--app", f"{Path(PROGRAM).stem}:create_container"]
    ended = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise CheckFailedError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")


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
    if len(sys.argv) != 2:  # noqa: PLR2004  the script and the wheel
        sys.exit("usage: python scripts/check_wheel.py WHEEL")
    try:
        main(Path(sys.argv[1]))
    except (CheckFailedError, subprocess.CalledProcessError) as error:
        sys.exit(f"check_wheel: {error}")
