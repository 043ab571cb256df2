"""How well objects are found: average precision at an overlap of one half (AP50).

Matching is COCO's: in each frame the surest detection chooses first, the object that it overlaps
most and by at least one half; each object is found once. Objects may be marked as needless: what
matches them counts neither for nor against. Precision is made to fall with recall and read at 101
levels of recall, from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections

from ._bootstrap import Weights

OVERLAP = 0.5
_LEVELS = np.linspace(0, 1, 101)
_SURPLUS, _FOUND, _NEEDLESS = range(3)

Boxes = NDArray[np.float32]
"""Shape (N, 4): x, y, w, h in pixels."""


@dataclass(frozen=True, slots=True)
class TrueObjects:
    """Objects of a frame.

    Attributes:
        boxes: Where they are.
        classes: int64, shape (N,).
        needed: bool, shape (N,): whether they ought to be found.
    """

    boxes: Boxes
    classes: NDArray[np.int64]
    needed: NDArray[np.bool_]


class BoxTally:
    """Counts which detections match an object.

    Args:
        sequences: Number of sequences.
        class_names: Names of the classes; none for a detector that knows no classes.
    """

    def __init__(self, sequences: int, class_names: Sequence[str] = ()) -> None:
        self.sequences = sequences
        self._names = tuple(class_names)
        self._lists = [_Matches() for _ in range(len(self._names) + 1)]
        self._sorted: list[_Ranked] | None = None

    def add(self, sequence: int, found: Detections, truth: TrueObjects) -> None:
        """Count a frame."""
        self._sorted = None
        self._lists[0].add(sequence, found.boxes, found.scores, truth.boxes, truth.needed)
        for number, matches in enumerate(self._lists[1:]):
            here, there = found.classes == number, truth.classes == number
            matches.add(
                sequence, found.boxes[here], found.scores[here], truth.boxes[there],
                truth.needed[there],
            )  # fmt: skip

    def score(self, weights: Weights) -> dict[str, float]:
        """Return `ap50 any class`, `map50` over classes with objects, and `ap50 CLASS` of each."""
        if self._sorted is None:
            self._sorted = [matches.ranked(self.sequences) for matches in self._lists]
        anything, *per_class = (ranked.average_precision(weights) for ranked in self._sorted)
        scores = {"ap50 any class": anything}
        if per_class:
            known = np.array(per_class)[~np.isnan(per_class)]
            scores["map50"] = float(known.mean()) if known.size else float("nan")
            scores |= {f"ap50 {name}": v for name, v in zip(self._names, per_class, strict=True)}
        return scores


class _Matches:
    """Detections of one class in all frames."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, NDArray[np.float32], NDArray[np.int64]]] = []
        self._needed: dict[int, int] = {}

    def add(
        self,
        sequence: int,
        boxes: Boxes,
        scores: NDArray[np.float32],
        truth: Boxes,
        needed: NDArray[np.bool_],
    ) -> None:
        self._needed[sequence] = self._needed.get(sequence, 0) + int(needed.sum())
        order = np.argsort(-scores, kind="stable")
        outcomes = match(boxes[order], truth, needed)
        self._rows.append((sequence, scores[order], outcomes))

    def ranked(self, sequences: int) -> _Ranked:
        """Return all detections that count, surest first."""
        needed = np.zeros(sequences)
        for sequence, count in self._needed.items():
            needed[sequence] = count
        if not self._rows:
            return _Ranked(np.empty(0, np.int64), np.empty(0, np.bool_), needed)
        of = np.concatenate([np.full(len(s), number, np.int64) for number, s, _ in self._rows])
        scores = np.concatenate([s for _, s, _ in self._rows])
        outcomes = np.concatenate([o for _, _, o in self._rows])
        counts = outcomes != _NEEDLESS
        order = np.argsort(-scores[counts], kind="stable")
        return _Ranked(of[counts][order], outcomes[counts][order] == _FOUND, needed)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Detections, surest first: their sequence and whether they are right; objects to find."""

    sequence: NDArray[np.int64]
    right: NDArray[np.bool_]
    needed: NDArray[np.float64]

    def average_precision(self, weights: Weights) -> float:
        objects = float(weights @ self.needed)
        if not objects:
            return float("nan")
        weight = weights[self.sequence]
        right, all_ = np.cumsum(weight * self.right), np.cumsum(weight)
        recall = right / objects
        precision = right / np.maximum(all_, 1e-12)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        place = np.searchsorted(recall, _LEVELS - 1e-12)
        return float(np.append(precision, 0.0)[np.minimum(place, precision.size)].mean())


def match(boxes: Boxes, truth: Boxes, needed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Match the detections of a frame, surest first.

    Returns:
        int64, shape (N,): 0 if a detection matches nothing, 1 an object, 2 a needless one.
    """
    outcomes = np.full(len(boxes), _SURPLUS, np.int64)
    if not len(truth):
        return outcomes
    overlap = overlaps(boxes, truth)
    free = needed.copy()
    for number, row in enumerate(overlap):
        best = int(np.argmax(np.where(free, row, -1.0)))
        if free[best] and row[best] >= OVERLAP:
            free[best] = False
            outcomes[number] = _FOUND
        elif (row[~needed] >= OVERLAP).any():
            outcomes[number] = _NEEDLESS
    return outcomes


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return intersection over union of each box of a with each of b, shape (len(a), len(b))."""
    one, two = a[:, None].astype(np.float64), b[None].astype(np.float64)
    low = np.maximum(one[..., :2], two[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], two[..., :2] + two[..., 2:])
    common = np.clip(high - low, 0, None).prod(axis=-1)
    union = one[..., 2:].prod(axis=-1) + two[..., 2:].prod(axis=-1) - common
    return np.asarray(common / np.maximum(union, 1e-9))
