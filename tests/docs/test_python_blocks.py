"""No Python in the documentation is only believed. What follows the word `python` decides what becomes of a block:

    ```python                             runs; the blocks of a page run in their order, in one namespace,
                                          and functions named test_… are called, with pytest's `tmp_path`
                                          where they name it
    ```python by=pytest                   runs as well, by pytest with eventy's plugin: such blocks of a page are one
                                          module, in a project whose container is the sample's
    ```python file=payment/commands.py    quotes this file, word for word
    ```python title="service.py"          a file of the program of docs/guide/start.md, which runs as a whole

Anything else fails.
"""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from scripts import check_wheel
from tests.docs.pages import PAGES, ROOT, Block, blocks, name, prose

BLOCKS = [block for page in PAGES for block in blocks(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
PROJECT = """
[tool.eventy]
app = "containers.application:create_container"
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]
"""
pytest_plugins = ["pytester"]
LANGUAGES = {"dotenv", "json", "mermaid", "python", "sh", "text", "toml"}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language == "python":
        assert list(block.attributes) in ([], ["by"], ["file"], ["title"])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_code_stands_where_it_would_not_be_seen(page: Path) -> None:
    lines = prose(page)
    assert [line for line in lines if "```" in line or "~~~" in line] == []  # in a quotation, for example
    indented = [line for before, line in pairwise(lines) if not before and line.startswith(("    ", "\t"))]
    assert indented == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if "file" in block.attributes], ids=str)
def test_quotation_stands_in_its_file(block: Block) -> None:
    text = "\n" + (ROOT / str(block.attributes["file"])).read_text()
    indented = [textwrap.indent(block.text, " " * spaces) for spaces in (0, 4, 8)]
    assert any(f"\n{quoted}" in text for quoted in indented)


@pytest.mark.parametrize("page", sorted({block.page for block in PYTHON if not block.attributes}), ids=name)
async def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_a_fresh_folder(tmp_path, monkeypatch)
    module = ModuleType("page")
    module.__file__ = str(tmp_path / "page.py")
    for block in (block for block in PYTHON if block.page == page and not block.attributes):
        before = set(module.__dict__)
        lines = "\n" * (block.line - 1) + block.text  # so that a traceback names the line of the page
        exec(compile(lines, f"<{name(page)}>", "exec", dont_inherit=True), module.__dict__)
        for defined in [one for one in module.__dict__ if one.startswith("test_") and one not in before]:
            outcome = called(module.__dict__[defined], tmp_path / defined)
            if inspect.isawaitable(outcome):
                await outcome


@pytest.mark.parametrize("page", sorted({block.page for block in PYTHON if "by" in block.attributes}), ids=name)
def test_blocks_run_by_pytest(page: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_a_fresh_folder(pytester.path, monkeypatch)
    monkeypatch.syspath_prepend(ROOT)
    ours = [block for block in PYTHON if block.page == page and "by" in block.attributes]
    assert {block.attributes["by"] for block in ours} == {"pytest"}
    pytester.makepyprojecttoml(PROJECT)
    (pytester.path / "test_page.py").write_text("\n\n".join(block.text for block in ours))
    result = pytester.runpytest_inprocess("-p", "eventy.testing.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=sum(block.text.count("def test_") for block in ours))


def test_files_with_a_title_are_a_program_that_prints_what_the_page_says(tmp_path: Path) -> None:
    titled = [block for block in BLOCKS if "title" in block.attributes]
    assert {block.page for block in titled} == {check_wheel.PAGE}
    files, expected = check_wheel.read_page()
    assert {block.attributes["title"] for block in titled} == {*files, "output"}
    folder = tmp_path / "service"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    check_wheel.run_program(Path(sys.executable), folder, expected)


def called(test: Callable[..., object], folder: Path) -> object:
    """Call a test as pytest would: a parameter `tmp_path` gets a folder of the test's own."""
    if "tmp_path" not in inspect.signature(test).parameters:
        return test()
    folder.mkdir()
    return test(tmp_path=folder)


def stand_in_a_fresh_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sample's schemas in the working directory, and no settings beside the defaults."""
    (folder / "avro_schemas").symlink_to(ROOT / "avro_schemas")
    monkeypatch.chdir(folder)
    for variable in [one for one in os.environ if one.startswith(check_wheel.OURS)]:
        monkeypatch.delenv(variable)
