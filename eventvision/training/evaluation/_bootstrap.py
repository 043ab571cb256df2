"""How sure a score is: the same score over sequences drawn again and again with replacement.

Frames of one sequence are alike, so sequences are drawn, not frames (Efron, 1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ROUNDS = 500
_SEED = 6
_TAILS = (2.5, 97.5)

Weights = NDArray[np.float64]
"""How often each sequence counts, shape (sequences,)."""


class Tally(Protocol):
    """What was counted on some sequences, from which scores follow."""

    @property
    def sequences(self) -> int:
        """Number of sequences; they are numbered from 0."""

    def score(self, weights: Weights) -> dict[str, float]:
        """Return scores by name; NaN where nothing was counted.

        Args:
            weights: How often each sequence counts, shape (sequences,).
        """


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score and its 95 % confidence interval.

    Attributes:
        value: The score on all sequences.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def estimates(tally: Tally, *, rounds: int = ROUNDS) -> dict[str, Estimate]:
    """Return all scores of a tally with intervals; the same each time.

    Args:
        tally: What was counted.
        rounds: How often sequences are drawn; 0 for no intervals.
    """
    count = tally.sequences
    found = tally.score(np.ones(count))
    if not count or not rounds:
        return {name: Estimate(value, value, value) for name, value in found.items()}
    random = np.random.default_rng(_SEED)
    drawn = [
        tally.score(random.multinomial(count, np.full(count, 1 / count)).astype(np.float64))
        for _ in range(rounds)
    ]
    return {name: _interval(value, [one[name] for one in drawn]) for name, value in found.items()}


def _interval(value: float, drawn: list[float]) -> Estimate:
    known = np.array(drawn)[~np.isnan(drawn)]
    if not known.size:
        return Estimate(value, value, value)
    low, high = np.percentile(known, _TAILS)
    return Estimate(value, float(min(low, value)), float(max(high, value)))


class MeanTally:
    """Scores of frames, averaged over each sequence and then over sequences.

    Args:
        sequences: Number of sequences.
    """

    def __init__(self, sequences: int) -> None:
        self.sequences = sequences
        self._sums: list[dict[str, float]] = [{} for _ in range(sequences)]
        self._counts = [0] * sequences

    def add(self, sequence: int, scores: dict[str, float]) -> None:
        """Count a frame of a sequence."""
        self._counts[sequence] += 1
        sums = self._sums[sequence]
        for name, value in scores.items():
            sums[name] = sums.get(name, 0.0) + value

    def score(self, weights: Weights) -> dict[str, float]:
        """Return the mean of each score over the sequences that have frames."""
        counts = np.array(self._counts, np.float64)
        there = counts > 0
        names = next((sums for sums in self._sums if sums), {})
        total = float(weights[there].sum())
        found = {}
        for name in names:
            means = np.array([sums.get(name, 0.0) for sums in self._sums])[there] / counts[there]
            found[name] = float(weights[there] @ means) / total if total else float("nan")
        return found
