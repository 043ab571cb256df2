"""How right distances are, up to a common factor.

One camera cannot know the scale of a scene, so each frame is scaled such that the medians agree
(Zhou et al., CVPR 2017). Pixels count whose true distance is known and no more than 80 m, as is
usual on driving data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FARTHEST_M = 80.0
_RATIO = 1.25


def countable(depth_m: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where a true distance counts; NaN stands for an unknown one."""
    return np.asarray((depth_m > 0) & (depth_m <= FARTHEST_M))


def depth_scores(found_m: NDArray[np.float32], truth_m: NDArray[np.float32]) -> dict[str, float]:
    """Return `abs_rel`, `delta_1.25` and `rmse_log` of a frame after median scaling.

    Args:
        found_m: Shape (height, width), positive, up to a factor.
        truth_m: Shape (height, width), in metres, at least one pixel of it `countable`.
    """
    counts = countable(truth_m)
    truth = truth_m[counts].astype(np.float64)
    found = found_m[counts].astype(np.float64)
    found = np.maximum(found * (np.median(truth) / np.median(found)), 1e-6)
    logarithm = np.log(found / truth)
    return {
        "abs_rel": float(np.mean(np.abs(found - truth) / truth)),
        "delta_1.25": float(np.mean(np.abs(logarithm) < np.log(_RATIO))),
        "rmse_log": float(np.sqrt(np.mean(logarithm**2))),
    }
