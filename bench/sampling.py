"""Where a contestant's time goes: samples of the function that runs, one for each millisecond of CPU time."""

from __future__ import annotations

import json
import os
import signal
import sysconfig
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

#: The variable that names the file for the samples; without it nothing is sampled.
PROFILE = "BENCH_PROFILE"

_ROOT = Path(__file__).parents[1]
_LIBRARIES = [Path(sysconfig.get_path(name)) for name in ("purelib", "stdlib")]
# Seconds of CPU time.
_INTERVAL = 0.001


class Sampler:
    """Samples between `start` and `stop`, where it is asked for."""

    def __init__(self) -> None:
        self._file = os.environ.get(PROFILE)
        self._samples: Counter[CodeType] = Counter()

    def start(self) -> None:
        if self._file is not None:
            signal.signal(signal.SIGPROF, self._note)
            signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)

    def stop(self) -> None:
        if self._file is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
            found = {f"{_place(code)} {code.co_qualname}": count for code, count in self._samples.items()}
            Path(self._file).write_text(json.dumps(found))

    def _note(self, _: int, frame: FrameType | None) -> None:
        if frame is not None:
            self._samples[frame.f_code] += 1


def _place(code: CodeType) -> str:
    """Return the file as its package knows it; what a C function does counts for who calls it."""
    path = Path(code.co_filename)
    for root in (*_LIBRARIES, _ROOT):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return path.name
