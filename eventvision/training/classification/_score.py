"""How good a classifier is, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn

_Z = 1.959964
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Score:
    """A share of right answers.

    Attributes:
        right: How many answers were right.
        total: Of how many.
    """

    right: int
    total: int

    @property
    def accuracy(self) -> float:
        """The share."""
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval after Wilson."""
        n, p = self.total, self.accuracy
        middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.total + other.total)

    def __str__(self) -> str:
        low, high = self.interval
        share = f"{self.accuracy:.1%} ({low:.1%} to {high:.1%})"
        return f"{share}, {self.right} of {self.total}"


def folds(
    count: int, parts: int, *, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield (learn, test): every recording is tested once, by a network that never saw it.

    Raises:
        ValueError: If there are fewer than two parts or more parts than recordings.
    """
    if not 2 <= parts <= count:
        raise ValueError(f"parts must be 2 to {count}, got {parts}")
    order = np.random.default_rng(seed).permutation(count)
    for test in np.array_split(order, parts):
        yield np.setdiff1d(order, test), np.sort(test)


@torch.no_grad()
def spike_counts(net: torch_nn.Module, x: Tensor) -> Tensor:
    """Return how often each output fired: x (T, N, ...) -> (N, classes)."""
    counts = []
    for start in range(0, x.shape[1], _BATCH):
        nn.reset(net)
        counts.append(net(x[:, start : start + _BATCH]).sum(0))
    nn.reset(net)
    return torch.cat(counts)


def score(outputs: Tensor, labels: NDArray[np.int64]) -> Score:
    """Compare the largest output (the first of equals) of each row with the label."""
    right = outputs.argmax(1).numpy() == labels
    return Score(int(right.sum()), right.size)
