"""What the pages point to is there: pages, headings, files, and the targets of make."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, blocks, links, name, words_in_code

MAKEFILE = (ROOT / "Makefile").read_text()
# What a path in code type begins with when it is one of this repository.
FOLDERS = ("avro_schemas", "bench", "containers", "docs", "eventy", "payment", "scripts", "tests")
PATH = re.compile(rf"\.?({'|'.join(FOLDERS)})/[\w./-]*")
MAKE = re.compile(r"(?<![\w.-])make +(?P<target>[a-z][a-z-]*)")

every_page = pytest.mark.parametrize("page", PAGES, ids=name)


@every_page
def test_links_resolve(page: Path) -> None:
    assert [link for link in links(page) if not resolves(page, link)] == []


def resolves(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return link.startswith("https://")
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = [word for word in words_in_code(page) if PATH.fullmatch(word)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@every_page
def test_targets_of_make_that_are_named_exist(page: Path) -> None:
    commands = [block.text for block in blocks(page) if block.language == "sh"]
    commands += [word for word in words_in_code(page) if word.startswith("make")]
    targets = {match["target"] for command in commands for match in MAKE.finditer(command)}
    assert [target for target in targets if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)] == []


def test_every_page_of_the_guide_is_linked_from_the_readme() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert [name(page) for page in PAGES if page.parent == ROOT / "docs" / "guide" and page not in linked] == []


def test_every_decision_is_linked_from_the_list_of_decisions() -> None:
    index = ROOT / "docs" / "adr" / "README.md"
    linked = {(index.parent / link).resolve() for link in links(index)}
    assert [name(page) for page in PAGES if page.parent == index.parent and page not in {*linked, index}] == []
