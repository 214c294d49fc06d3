"""The pages for people, taken apart: their code blocks, headings, links and words in code type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>.*)")
_HEADING = re.compile(r"#{1,6} +(?P<text>.+)")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`(?P<code>[^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block.

    Parameters
        line: where its text begins, from 1.
        language: the first word after the fence.
        attributes: the other words, `name=value`; a word without a value has None.
    """

    page: Path
    line: int
    language: str
    attributes: dict[str, str | None]
    text: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """Return how a test is told from that of another page."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, whatever their language. Raises ValueError for one that never ends."""
    return [part for part in _parts(page) if isinstance(part, Block)]


def prose(page: Path) -> list[str]:
    """Return the lines of a page outside its code blocks."""
    return [part for part in _parts(page) if isinstance(part, str)]


def links(page: Path) -> list[str]:
    return [match["target"] for line in prose(page) for match in _LINK.finditer(line)]


def words_in_code(page: Path) -> list[str]:
    """Return what stands between backticks in the prose."""
    return [match["code"] for line in prose(page) for match in _CODE.finditer(line)]


def anchors(page: Path) -> set[str]:
    """Return what a link can point to in a page, by GitHub's rule for headings."""
    headings = (match["text"] for line in prose(page) if (match := _HEADING.fullmatch(line)))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _parts(page: Path) -> Iterator[str | Block]:
    lines = iter(enumerate(page.read_text().splitlines(), start=1))
    for number, line in lines:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            yield line
            continue
        text = []
        for _, inner in lines:
            if inner.strip().startswith(opening["ticks"]) and not inner.strip().strip("`~"):
                break
            text.append(inner.removeprefix(opening["indent"]) + "\n")
        else:
            raise ValueError(f"the block in {page}, line {number}, never ends")
        words = [word.partition("=") for word in shlex.split(opening["info"])]
        language = words.pop(0)[0] if words else ""
        attributes = {key: value if equals else None for key, equals, value in words}
        yield Block(page, number + 1, language, attributes, "".join(text))
