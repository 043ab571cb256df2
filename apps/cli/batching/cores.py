"""Which cores there are for us, and how workers share them.

Threads of one worker take about a tenth more processor time on two cores than on one. That is worth
it only while a core is idle; where there is a worker for every core, each keeps to its own.
"""

from __future__ import annotations

import os


def usable_cores() -> list[int]:
    """Return the cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return list(range(os.cpu_count() or 1)) if affinity is None else sorted(affinity(0))


def shares(cores: list[int], workers: int) -> list[list[int]]:
    """Return the cores of each worker: all of them where there are more workers than cores.

    >>> shares([0, 1, 2, 3, 4], 2), shares([0, 1], 3)
    ([[0, 2, 4], [1, 3]], [[0, 1], [0, 1], [0, 1]])
    """
    if workers > len(cores):
        return [cores] * workers
    return [cores[index::workers] for index in range(workers)]


def keep_to(cores: list[int]) -> None:
    """Let this process, and what it starts, run on some cores only, where that can be asked for."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
