"""docs/benchmarks.svg: the rates, a group of bars a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.contest import Results
from bench.rows import Row

# Pixels.
_WIDTH, _LABELS, _VALUES, _BAR, _STEP, _TITLE, _GAP = 760, 250, 90, 16, 24, 30, 14

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .value { fill: #59636e }
rect { fill: #9aa4b2 } .eventy { fill: #0969da } .spread { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .value { fill: #9198a1 } rect { fill: #57606a } .eventy { fill: #4493f8 }
  .spread { stroke: #e6edf3 }
}"""


def chart(rows: Sequence[tuple[Row, Results]]) -> str:
    """Return the picture; rows that have no rates aren't in it."""
    body, height = [], _GAP
    for row, results in rows:
        if any("rate" in measures for measures in results.rounds.values()):
            body += [f'<text class="title" x="0" y="{height + 14}">{escape(row.title)}, messages/s</text>']
            height += _TITLE
            body += list(_bars(row, results, height))
            height += _STEP * len(results.rounds) + _GAP
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>Messages a second: medians, and the span of the rounds</title>",
            f"<style>{_STYLE}\n</style>",
            *body,
            "</svg>\n",
        )
    )


def _bars(row: Row, results: Results, top: int) -> Iterator[str]:
    spreads = [(one.name, spread) for one in row.contestants if (spread := results.spread(one.name, "rate"))]
    scale = (_WIDTH - _LABELS - _VALUES) / max(spread.most for _, spread in spreads)
    for place, (name, spread) in enumerate(spreads):
        y = top + place * _STEP
        kind = ' class="eventy"' if name.startswith("eventy") else ""
        middle = y + _BAR / 2
        yield f'<text x="{_LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect{kind} x="{_LABELS}" y="{y}" width="{spread.middle * scale:.1f}" height="{_BAR}" rx="2"/>'
        yield (
            f'<line class="spread" x1="{_LABELS + spread.least * scale:.1f}" x2="{_LABELS + spread.most * scale:.1f}" '
            f'y1="{middle}" y2="{middle}"/>'
        )
        yield (
            f'<text class="value" x="{_LABELS + spread.most * scale + 6:.1f}" y="{y + 13}">{spread.middle:,.0f}</text>'
        )
