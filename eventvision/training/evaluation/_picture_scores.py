"""How like the truth a reconstructed picture is.

A picture from events has no absolute brightness, so prediction and truth are each scaled by their
own 1st and 99th percentile and clipped before anything is measured. A picture of one grey carries
no information and yet scores a structural similarity of 0.1 to 0.45, as much of an image is smooth:
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

_LEAST_SHARE = 0.5

Picture = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


def picture_scores(found: Picture, truth: Picture, where: Mask | None = None) -> dict[str, float]:
    """Return `mse`, `ssim` and `correlation` of a picture, both sides scaled.

    Args:
        found: Shape (height, width), in any unit.
        truth: Likewise; NaN where nobody knows.
        where: Pixels that count, at least one; the others are as if they did not exist. All that
            are known if None.
    """
    counts = ~np.isnan(truth) if where is None else where & ~np.isnan(truth)
    a = percentile_scaled(found, counts)
    b = percentile_scaled(np.where(counts, truth, 0), counts)
    return {
        "mse": float(np.mean((a - b)[counts] ** 2)),
        "ssim": structural_similarity(a, b, counts),
        "correlation": correlation(a[counts], b[counts]),
    }


def percentile_scaled(picture: Picture, where: Mask | None = None) -> NDArray[np.float64]:
    """Map a picture's own 1st and 99th percentile to 0 and 1, and clip; a flat one becomes 0.5.

    Args:
        picture: Shape (height, width).
        where: Pixels whose percentiles are taken.
    """
    values = np.asarray(picture, np.float64)
    black, white = np.percentile(values if where is None else values[where], _PERCENTILES)
    if white - black < _FLAT:
        return np.full(values.shape, 0.5)
    return np.asarray(np.clip((values - black) / (white - black), 0.0, 1.0))


def structural_similarity(a: Picture, b: Picture, where: Mask | None = None) -> float:
    """Return the mean structural similarity of two pictures (Wang et al., 2004).

    A Gaussian window of 11x11 pixels and a deviation of 1.5, where it fits into the picture; K1 and
    K2 are 0.01 and 0.03; variances are those of the population. Of a window, only pixels that count
    are looked at, and only windows around such a pixel of which at least half counts; NaN if there
    are none.

    Raises:
        ValueError: If the pictures are smaller than the window.
    """
    if min(a.shape) < _WINDOW_PX:
        raise ValueError(f"pictures of {_WINDOW_PX}x{_WINDOW_PX} pixels or more, got {a.shape}")
    counts = np.ones(a.shape) if where is None else where.astype(np.float64)
    share = np.maximum(_blurred(counts), _FLAT)
    scored = (counts[_INSIDE] > 0) & (share >= _LEAST_SHARE)
    mean_a, mean_b, square_a, square_b, product = (
        _blurred(values * counts) / share for values in (a, b, a * a, b * b, a * b)
    )
    spread = square_a - mean_a**2 + square_b - mean_b**2
    luminance = (2 * mean_a * mean_b + _LUMINANCE) / (mean_a**2 + mean_b**2 + _LUMINANCE)
    structure = (2 * (product - mean_a * mean_b) + _CONTRAST) / (spread + _CONTRAST)
    found = (luminance * structure)[scored]
    return float(found.mean()) if found.size else float("nan")


_RIM_PX = _WINDOW_PX // 2
_INSIDE = (slice(_RIM_PX, -_RIM_PX), slice(_RIM_PX, -_RIM_PX))


def _blurred(picture: Picture) -> NDArray[np.float64]:
    import cv2

    return np.asarray(
        cv2.GaussianBlur(picture, (_WINDOW_PX, _WINDOW_PX), _SIGMA_PX)[_INSIDE], np.float64
    )


def correlation(a: Picture, b: Picture) -> float:
    """Return Pearson's correlation of the pixels of two pictures; 0 if one of them is flat."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > _FLAT else 0.0
