"""The page about rules has a row for each rule that a test holds, as `scripts/mutants.py` prints it."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "contributing" / "rules.md"


def test_page_has_a_row_for_every_rule_that_is_taken_out() -> None:
    listed = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "mutants.py"), "--list"], capture_output=True, text=True, check=True
    )
    assert [line for line in prose(PAGE) if line.startswith("|")] == listed.stdout.splitlines()
