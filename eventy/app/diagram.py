"""Flow charts in Mermaid, which is what GitHub and GitLab draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator

# What a text can't have as it is, by https://mermaid.js.org/syntax/flowchart.html#special-characters-that-break-syntax
_ESCAPED = {ord("#"): "#35;", ord("|"): "#124;", ord('"'): "#quot;", ord("<"): "#lt;", ord(">"): "#gt;"}
_SHAPES = {"box": '["{}"]', "round": '("{}")', "store": '[("{}")]', "hexagon": '{{{{"{}"}}}}'}


class Diagram:
    """Boxes and arrows, in the order in which they are added."""

    def __init__(self) -> None:
        self._groups: dict[str, list[str]] = {"": []}
        self._arrows: list[str] = []
        self._ids: dict[object, str] = {}

    def box(self, key: object, *lines: str, shape: str = "box", group: str = "") -> str:
        """Add a box, once for each key, and return its id.

        Parameters
            shape: `box`, `round`, `store` or `hexagon`.
            group: the title of a frame around several; the empty one is none.
        """
        if key not in self._ids:
            self._ids[key] = f"n{len(self._ids)}"
            text = "<br>".join(line.translate(_ESCAPED) for line in lines)
            self._groups.setdefault(group, []).append(f"{self._ids[key]}{_SHAPES[shape].format(text)}")
        return self._ids[key]

    def arrow(self, begin: object, end: object, text: str = "") -> None:
        """Draw an arrow between two boxes, by their keys."""
        label = f'|"{text.translate(_ESCAPED)}"|' if text else ""
        line = f"{self._ids[begin]} -->{label} {self._ids[end]}"
        if line not in self._arrows:
            self._arrows.append(line)

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "flowchart LR"
        for number, (title, boxes) in enumerate(self._groups.items()):
            if title:
                yield f'  subgraph g{number}["{title.translate(_ESCAPED)}"]'
                yield from (f"    {box}" for box in boxes)
                yield "  end"
            else:
                yield from (f"  {box}" for box in boxes)
        yield from (f"  {arrow}" for arrow in self._arrows)
