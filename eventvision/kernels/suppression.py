"""Of boxes that overlap much, the best: greedy suppression, class by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@inline
def _overlap(boxes: NDArray[np.float32], one: int, other: int) -> float:
    """Return intersection over union of two boxes x, y, w, h."""
    across = min(boxes[one, 0] + boxes[one, 2], boxes[other, 0] + boxes[other, 2]) - max(
        boxes[one, 0], boxes[other, 0]
    )
    down = min(boxes[one, 1] + boxes[one, 3], boxes[other, 1] + boxes[other, 3]) - max(
        boxes[one, 1], boxes[other, 1]
    )
    if across <= 0 or down <= 0:
        return 0.0
    common = across * down
    union = boxes[one, 2] * boxes[one, 3] + boxes[other, 2] * boxes[other, 3] - common
    return float(common / union)


@kernel
def suppress(
    boxes: NDArray[np.float32],
    classes: NDArray[np.int64],
    most_overlap: float,
    kept: NDArray[np.int64],
) -> int:
    """Keep each box that overlaps no better one of its class too much.

    Args:
        boxes: Shape (N, 4): x, y, w, h with positive sides, best first.
        classes: Shape (N,).
        most_overlap: Intersection over union from which on the worse box goes.
        kept: Shape (M,), written over: rows of the boxes that stay, best first; at most M.

    Returns:
        How many stay.
    """
    count = 0
    for row in range(len(boxes)):
        if count == len(kept):
            break
        stays = True
        for better in range(count):
            other = kept[better]
            if classes[other] == classes[row] and _overlap(boxes, row, other) >= most_overlap:
                stays = False
                break
        if stays:
            kept[count] = row
            count += 1
    return count
