"""How like the truth a reconstructed picture is.

A picture from events has no absolute brightness, so prediction and truth are each scaled by their
own 1st and 99th percentile and clipped before anything is measured. A picture of one grey carries
no information and yet scores a structural similarity of 0.3 to 0.5, as most of an image is smooth:
hence the row `grey` in every table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PERCENTILES = (1.0, 99.0)
_WINDOW_PX, _SIGMA_PX = 11, 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2
_FLAT = 1e-6

Picture = NDArray[np.floating[Any]]


def picture_scores(found: Picture, truth: Picture) -> dict[str, float]:
    """Return `mse`, `ssim` and `correlation` of a picture, both sides scaled.

    Args:
        found: Shape (height, width), in any unit.
        truth: Likewise.
    """
    a, b = percentile_scaled(found), percentile_scaled(truth)
    return {
        "mse": float(np.mean((a - b) ** 2)),
        "ssim": structural_similarity(a, b),
        "correlation": correlation(a, b),
    }


def percentile_scaled(picture: Picture) -> NDArray[np.float64]:
    """Map a picture's own 1st and 99th percentile to 0 and 1, and clip; a flat one becomes 0.5."""
    values = np.asarray(picture, np.float64)
    black, white = np.percentile(values, _PERCENTILES)
    if white - black < _FLAT:
        return np.full(values.shape, 0.5)
    return np.asarray(np.clip((values - black) / (white - black), 0.0, 1.0))


def structural_similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the mean structural similarity of two pictures, 0 to 1 (Wang et al., 2004).

    A Gaussian window of 11x11 pixels and a deviation of 1.5, where it fits into the picture; K1 and
    K2 are 0.01 and 0.03; variances are those of the population.

    Raises:
        ValueError: If the pictures are smaller than the window.
    """
    if min(a.shape) < _WINDOW_PX:
        raise ValueError(f"pictures of {_WINDOW_PX}x{_WINDOW_PX} pixels or more, got {a.shape}")
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread_a, spread_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    common = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _LUMINANCE) / (mean_a**2 + mean_b**2 + _LUMINANCE)
    return float(np.mean(luminance * (2 * common + _CONTRAST) / (spread_a + spread_b + _CONTRAST)))


def _blurred(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    import cv2

    rim = _WINDOW_PX // 2
    wide = cv2.GaussianBlur(picture, (_WINDOW_PX, _WINDOW_PX), _SIGMA_PX)
    return np.asarray(wide[rim:-rim, rim:-rim], np.float64)


def correlation(a: Picture, b: Picture) -> float:
    """Return Pearson's correlation of the pixels of two pictures; 0 if one of them is flat."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > _FLAT else 0.0
