"""`.env.example` and the guide say what the table says; what a failing assertion shows is what to write there."""

from pathlib import Path

from eventy.app.settings import Settings, load_settings
from eventy.app.settings.table import VARIABLES
from eventy.app.settings.variable import Variable

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
GUIDE = ROOT / "docs" / "guide" / "settings.md"


def text(default: object) -> str:
    """A default as one would write it in `.env`."""
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default is None else str(default)


def lines(variable: Variable) -> str:
    return f"# {variable.meaning}\n# Allowed: {variable.kind.allowed}\n{variable.name}={text(variable.default)}\n"


def row(variable: Variable) -> str:
    default = "none" if variable.default is None else f"`{text(variable.default)}`"
    return f"| `{variable.name}` | {default} | {variable.kind.allowed} | {variable.meaning} |"


def test_example_loaded_unchanged_equals_the_defaults() -> None:
    assert load_settings(environ={}, env_file=EXAMPLE) == Settings()


def test_example_documents_every_variable_in_the_order_of_the_table() -> None:
    example = EXAMPLE.read_text()
    assert [lines(variable) for variable in VARIABLES.values() if lines(variable) not in example] == []
    names = [line.partition("=")[0] for line in example.splitlines() if line and not line.startswith("#")]
    assert names == list(VARIABLES)


def test_guide_has_a_row_for_every_variable_in_the_order_of_the_table() -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `")]
    assert rows == [row(variable) for variable in VARIABLES.values()]
