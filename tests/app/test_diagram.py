"""Flow charts in Mermaid."""

from __future__ import annotations

from eventy.app.diagram import Diagram


def test_boxes_stand_in_their_frames_and_arrows_follow() -> None:
    diagram = Diagram()
    diagram.box("a", "one", "Class")
    diagram.box("b", "two", shape="store", group="topics")
    diagram.arrow("b", "a", "first")
    assert str(diagram) == "\n".join(
        (
            "flowchart LR",
            '  n0["one<br>Class"]',
            '  subgraph g1["topics"]',
            '    n1[("two")]',
            "  end",
            '  n1 -->|"first"| n0',
        )
    )


def test_box_and_arrow_are_drawn_once() -> None:
    diagram = Diagram()
    assert diagram.box("a", "one") == diagram.box("a", "one again") == "n0"
    diagram.arrow("a", "a")
    diagram.arrow("a", "a")
    assert str(diagram) == 'flowchart LR\n  n0["one"]\n  n0 --> n0'


def test_what_would_end_a_text_is_escaped() -> None:
    diagram = Diagram()
    diagram.box("a", '"#<a|b>"', shape="hexagon")
    assert str(diagram) == 'flowchart LR\n  n0{{"#quot;#35;#lt;a#124;b#gt;#quot;"}}'
