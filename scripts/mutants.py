"""Take the rules out of eventy, one at a time, and see the test of each go red: `make mutants`.

`tests/mutants/<rule>.patch` is a diff of `eventy/` under two lines of comment: the test, and what is taken out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PATCHES = ROOT / "tests" / "mutants"
# Seconds for a test to fail by itself, the start of its broker included.
LIMIT = 180
# What pytest ends with when tests have run and failed; errors of its own, and of the imports, have other statuses.
RED, GREEN = 1, 0
LIST = "--list"


class Mutant(NamedTuple):
    """A patch, the test that must notice it, and what it takes out."""

    path: Path
    test: str
    what: str


def main(arguments: list[str]) -> int:
    """Try the mutants of these names, without names all of them; return the status of the process.

    With `--list` nothing is tried: what is printed is the table of `docs/contributing/rules.md`.
    """
    names = [argument for argument in arguments if argument != LIST]
    mutants = [read(path) for path in sorted(PATCHES.glob("*.patch")) if not names or path.stem in names]
    if LIST in arguments:
        print("| rule | taken out | test |", "|---|---|---|", *map(row, mutants), sep="\n")
        return 0
    print("| rule | taken out | test | result |", "|---|---|---|---|", sep="\n", flush=True)
    survivors = 0
    for mutant in mutants:
        outcome = outcome_of(mutant)
        survivors += not outcome.startswith("red")
        print(f"{row(mutant)} {outcome} |", flush=True)
    return 0 if mutants and not survivors else 1


def row(mutant: Mutant) -> str:
    return f"| {mutant.path.stem} | {mutant.what} | `{mutant.test}` |"


def read(path: Path) -> Mutant:
    test, what, *_ = path.read_text().splitlines()
    return Mutant(path, test.removeprefix("# "), what.removeprefix("# "))


def outcome_of(mutant: Mutant) -> str:
    """Run a mutant's test on a copy of the tree that has the patch."""
    with tempfile.TemporaryDirectory(prefix="eventy-mutant-") as folder:
        copy = Path(folder) / ROOT.name
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist"))
        for shared in (".venv", ".cache"):
            if (ROOT / shared).exists():
                (copy / shared).symlink_to((ROOT / shared).resolve())
        patched = subprocess.run(
            ["patch", "--strip=1", "--fuzz=0", "--input", str(mutant.path)], cwd=copy, capture_output=True, check=False
        )
        return run(mutant.test, copy) if patched.returncode == 0 else "DOESN'T APPLY"


def run(test: str, tree: Path) -> str:
    command = [sys.executable, "-m", "pytest", "--quiet", "--tb=native", "-p", "no:cacheprovider", test]
    began = time.monotonic()
    try:
        status = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=LIMIT,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return f"NO END within {LIMIT} s"
    words = {RED: "red", GREEN: "GREEN, or skipped"}
    return f"{words.get(status, f'pytest ended with {status}')}, {time.monotonic() - began:.0f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
