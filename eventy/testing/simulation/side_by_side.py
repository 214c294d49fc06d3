"""Plays seeds in several processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context

from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.replay import found
from eventy.testing.simulation.run import Report, SimulationFailedError, simulate

# Seeds that a process takes at once.
_CHUNK = 50


def side_by_side(path: str, seeds: Sequence[int], jobs: int, faults: Faults | None) -> Iterator[Report | str]:
    """Play seeds, and give what some of them came to, and some more; a failure as its text.

    Parameters
        path: of the scenario, `module:function`.
        jobs: how many processes there are.
    """
    chunks = (seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        playing: set[Future[Report | str]] = set()
        try:
            while True:
                playing |= {
                    pool.submit(_play, path, chunk, faults) for chunk in islice(chunks, 2 * jobs - len(playing))
                }
                if not playing:
                    return
                done, playing = wait(playing, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _play(path: str, seeds: Sequence[int], faults: Faults | None) -> Report | str:
    try:
        return simulate(found(path), seeds, faults)
    except SimulationFailedError as failure:
        return str(failure)
