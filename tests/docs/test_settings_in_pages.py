"""The README lists every setting as the table has it, and lines of `.env` in a page are accepted as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventy.app.settings import load_settings
from eventy.app.settings.table import VARIABLES
from eventy.app.settings.variable import Variable
from tests.docs.pages import PAGES, README, Block, blocks, prose

LINES_OF_ENV = [block for page in PAGES for block in blocks(page) if block.language == "dotenv"]


def row(variable: Variable) -> str:
    """What a failing assertion shows is what to write there."""
    default = f"`{_text(variable.default)}`" if variable.default is not None else ""
    bounds = f"; {variable.kind.bounds}" if variable.kind.bounds else ""
    return f"| `{variable.name}` | {default} | {variable.meaning}{bounds} |"


def _text(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_readme_has_a_row_for_every_setting_in_the_order_of_the_table() -> None:
    rows = [line for line in prose(README) if line.startswith(tuple(f"| `{variable}`" for variable in VARIABLES))]
    assert rows == [row(variable) for variable in VARIABLES.values()]


@pytest.mark.parametrize("block", LINES_OF_ENV, ids=str)
def test_lines_of_env_are_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(block.text)
    load_settings(environ={}, env_file=tmp_path / ".env")
