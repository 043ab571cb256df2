"""Whether the clock of a recording seems to run on, so that times can be found by bisection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from eventvision.kernels.guard import JITTER_US, LONGEST_GAP_US

_SAMPLES = 8


def sample_places(start: int, stop: int) -> Iterator[int]:
    """Yield places spread over `[start, stop)`, denser at its end, where clocks are reset late."""
    length = stop - start
    for number in range(_SAMPLES):
        yield start + length * number // _SAMPLES
    for part in (32, 256):
        yield stop - 1 - length // part


def runs_on(times_us: Iterable[int]) -> bool:
    """Tell whether sampled times neither go back nor leap by more than an hour.

    Where they do, the guard closes up a gap, and only whoever has read all before knows by how
    much times are moved.

    >>> runs_on([5, 5, 9]), runs_on([50_000_000, 9])
    (True, False)
    """
    return all(
        -JITTER_US <= after - before <= LONGEST_GAP_US for before, after in pairwise(times_us)
    )
