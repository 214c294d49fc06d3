"""`python -m bench [ROW …] [--rounds N] [--quick]`: measures, and writes docs/benchmarks.md and .svg."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.chart import chart
from bench.contest import ROOT, Contestant, FailedError, Results, run
from bench.fill import fill
from bench.page import page, verdict
from bench.rows import ROWS, Row
from bench.sampling import PROFILE
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.find import find_kafka
from eventy.testing.kafka.topics import create_topics, unique
from eventy.testing.kafka.unavailable import UnavailableError

# Rounds of a run whose figures are for whoever works on eventy, not for the page.
_QUICK = 2


async def measure(row: Row, broker: KafkaBroker, rounds: int, *, is_quick: bool) -> Results:
    """Run the contestants in turn, each round beginning with another one."""
    results = Results()
    count = row.quick if is_quick else row.count
    topics = await _topics(row, broker, count)
    for number in range(rounds):
        start = number % len(row.contestants)
        for one in (*row.contestants[start:], *row.contestants[:start]):
            if one.name not in results.refused:
                out = unique(f"bench-{row.name}-out")
                if row.count:
                    await create_topics(broker.bootstrap, {out: row.partitions})
                topic = topics.get(one.partitions or row.partitions, out)
                arguments = (broker.bootstrap, topic, out, str(min(one.count or count, count)))
                _note(row, one, await run(one, arguments), results)
    for one in row.contestants:
        if one.name in row.profiled and not is_quick:
            results.profiles[one.name] = await _profiled(row, broker, one, topics.get(row.partitions), count)
    return results


async def _profiled(row: Row, broker: KafkaBroker, one: Contestant, topic: str | None, count: int) -> dict[str, int]:
    out = unique(f"bench-{row.name}-out")
    await create_topics(broker.bootstrap, {out: row.partitions})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "samples.json"
        await run(one, (broker.bootstrap, topic or out, out, str(count)), **{PROFILE: str(file)})
        samples: dict[str, int] = json.loads(file.read_text())
    return samples


async def _topics(row: Row, broker: KafkaBroker, count: int) -> dict[int, str]:
    """Return a topic that has the commands for each number of partitions that a contestant needs."""
    wanted = {one.partitions or row.partitions for one in row.contestants} if row.fills and count else set()
    topics = {partitions: unique(f"bench-{row.name}") for partitions in wanted}
    for partitions, topic in topics.items():
        await create_topics(broker.bootstrap, {topic: partitions})
        await fill(broker.bootstrap, topic, partitions, count)
    return topics


def _note(row: Row, one: Contestant, found: dict[str, float | str], results: Results) -> None:
    if "refused" in found:
        results.refused[one.name] = str(found["refused"])
    else:
        results.add(one.name, {measure: float(value) for measure, value in found.items()})
    shown = ", ".join(f"{name} {value:,.6g}" if isinstance(value, float) else value for name, value in found.items())
    print(f"{row.name}: {one.name}: {shown}", flush=True)


async def main(rows: list[Row], rounds: int, *, is_quick: bool) -> int:
    broker = find_kafka()
    began = time.monotonic()
    try:
        await broker.start()
        measured = [(row, await measure(row, broker, rounds, is_quick=is_quick)) for row in rows]
    finally:
        broker.remove()
    for row, results in measured:
        for target in row.targets:
            found, outcome = verdict(target, results)
            print(f"{target.what}: {f'{found.middle:.2f}' if found else '–'} ({target.wanted}): {outcome}")
    print(f"{time.monotonic() - began:.0f} s")
    if not is_quick and len(rows) == len(ROWS):
        (ROOT / "docs" / "benchmarks.md").write_text(page(measured, rounds))
        (ROOT / "docs" / "benchmarks.svg").write_text(chart(measured))
        print("written: docs/benchmarks.md, docs/benchmarks.svg")
    else:
        print("not written: docs/benchmarks.* are for all rows in full")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(row.name for row in ROWS)}; none: all of them")
    parser.add_argument("--rounds", type=int, help="of each comparison")
    parser.add_argument("--quick", action="store_true", help="few messages, for whoever works on eventy")
    found = parser.parse_args()
    names = [row.name for row in ROWS]
    if unknown := [name for name in found.rows if name not in names]:
        parser.error(f"found {', '.join(unknown)}, expected rows among {', '.join(names)}")
    return found


if __name__ == "__main__":
    wanted = arguments()
    chosen = [row for row in ROWS if not wanted.rows or row.name in wanted.rows]
    try:
        sys.exit(asyncio.run(main(chosen, wanted.rounds or (_QUICK if wanted.quick else 5), is_quick=wanted.quick)))
    except (FailedError, UnavailableError) as error:
        sys.exit(f"bench: {error}")
