"""docs/benchmarks.md: ratios first, then the figures of each comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.contest import Results, Spread
from bench.machine import machine, today, versions
from bench.rows import Row, Target

# Of a profile that are shown.
_FUNCTIONS = 20

_UNITS = {"rate": "messages/s", "cpu": "µs of CPU a message", "p50": "p50, ms", "p99": "p99, ms", "time": "µs"}

_HEAD = """# Benchmarks

Written by `make bench`, never by hand. Each comparison runs its contestants in turn, each a process of its own, with
the broker beside them on the same machine, {rounds} rounds; what stands here are medians, with the least and the most
in parentheses. Ratios come first: they are what holds on another machine. The programs are linked: who knows a faster
way to write one, in the idiom of its library, should.

![The rates of each comparison](benchmarks.svg)

{date}: {versions}; {machine}.

## Ratios

| what | found | target | |
|---|---|---|---|
"""


def page(rows: Sequence[tuple[Row, Results]], rounds: int) -> str:
    head = _HEAD.format(rounds=rounds, date=today(), versions=versions(), machine=machine())
    lines = [line for row, results in rows for line in _ratios(row, results)]
    for row, results in rows:
        lines += ["", f"## {row.title}", "", row.explanation, "", *_figures(row, results)]
        if row.floor:
            lines += ["", row.floor]
        for name in results.profiles:
            lines += ["", *_profile(name, results)]
    return head + "\n".join(lines) + "\n"


def verdict(target: Target, results: Results) -> tuple[Spread | None, str]:
    """Return what was found, and whether it is what was promised."""
    if target.against is None:
        found = results.spread(target.name, target.measure)
    else:
        found = results.ratio(target.name, target.against, target.measure)
    if found is None:
        return None, "not measured"
    return found, target.verdict(found.middle)


def _ratios(row: Row, results: Results) -> Iterator[str]:
    for target in row.targets:
        found, outcome = verdict(target, results)
        shown = _shown(found) if found else results.refused.get(target.name, "–")
        unit = f" {_UNITS[target.measure]}" if target.against is None else ""
        yield f"| {target.what} | {shown}{unit if found else ''} | {target.wanted}{unit} | {outcome} |"


def _figures(row: Row, results: Results) -> Iterator[str]:
    measured = [measure for measure in _UNITS if any(measure in found for found in results.rounds.values())]
    yield f"| | {' | '.join(_UNITS[measure] for measure in measured)} |"
    yield f"|---|{'---|' * len(measured)}"
    for one in row.contestants:
        cells = [_shown(found) if (found := results.spread(one.name, measure)) else "–" for measure in measured]
        yield f"| [{one.name}](../{one.path}) | {' | '.join(cells)} |"
    for name, reason in results.refused.items():
        yield f"\n{name} isn't measured: {reason}."


def _profile(name: str, results: Results) -> Iterator[str]:
    """Tell where a contestant's time goes, in µs of a message; what C functions do counts for who calls them."""
    samples, cpu = results.profiles[name], results.spread(name, "cpu")
    total = sum(samples.values())
    if cpu is None or not total:
        return
    yield f"Where the {cpu.middle:.1f} µs of *{name}* go, in {total:,} samples of the function that runs:"
    yield ""
    yield "| µs | |"
    yield "|---|---|"
    most = sorted(samples.items(), key=lambda one: -one[1])
    for function, count in most[:_FUNCTIONS]:
        yield f"| {count / total * cpu.middle:.2f} | `{function}` |"
    rest = sum(count for _, count in most[_FUNCTIONS:])
    yield f"| {rest / total * cpu.middle:.2f} | {len(most) - _FUNCTIONS} others |"


def _shown(found: Spread) -> str:
    return f"{_number(found.middle)} ({_number(found.least)}–{_number(found.most)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
