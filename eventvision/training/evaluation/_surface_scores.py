"""How well pixels are classified: intersection over union, per class and in the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._bootstrap import Weights


class SurfaceTally:
    """Counts which class was found where which was true.

    Args:
        sequences: Number of sequences.
        class_names: Names of the classes.
        unlabelled: Value of pixels of the truth that do not count.
    """

    def __init__(
        self, sequences: int, class_names: Sequence[str], *, unlabelled: int = 255
    ) -> None:
        self.sequences = sequences
        self._names = tuple(class_names)
        self._unlabelled = unlabelled
        self._counts = np.zeros((sequences, len(self._names), len(self._names)), np.int64)

    def add(self, sequence: int, found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
        """Count a frame: classes by pixel, two arrays of one shape.

        Raises:
            ValueError: If a class has no name.
        """
        size = len(self._names)
        labelled = truth != self._unlabelled
        pairs = truth[labelled].astype(np.int64) * size + found[labelled]
        counted = np.bincount(pairs, minlength=size * size)
        if counted.size > size * size or found[labelled].max(initial=0) >= size:
            raise ValueError(f"classes are 0 to {size - 1}")
        self._counts[sequence] += counted.reshape(size, size)

    def score(self, weights: Weights) -> dict[str, float]:
        """Return `miou` over the classes that occur in the truth, and `iou CLASS` of each.

        `accuracy` is the share of pixels that are right.
        """
        counts = np.tensordot(weights, self._counts, axes=1)
        right, truth = np.diag(counts), counts.sum(axis=1)
        union = truth + counts.sum(axis=0) - right
        with np.errstate(invalid="ignore", divide="ignore"):
            overlap = np.where(truth > 0, right / union, np.nan)
        total = float(truth.sum())
        there = overlap[truth > 0]
        return {
            "miou": float(there.mean()) if there.size else float("nan"),
            "accuracy": float(right.sum()) / total if total else float("nan"),
            **{f"iou {name}": float(v) for name, v in zip(self._names, overlap, strict=True)},
        }
