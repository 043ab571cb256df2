"""Lines with soft edges on a picture of 32 bits a pixel, 0xFFRRGGBB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .event_view import blended


@kernel
def draw_strokes(
    lines: NDArray[np.float64],
    colours: NDArray[np.uint32],
    weights: NDArray[np.uint32],
    width_px: float,
    picture: NDArray[np.uint32],
) -> None:
    """Draw straight lines, one over the other.

    A pixel is covered as far as its middle lies inside the line, with an edge one pixel wide.
    Ends are square, and a pixel behind the start is left out, so that lines that follow one
    another do not cover it twice.

    Args:
        lines: Shape (N, 4): x and y of start and end, in pixels; finite. Pixel 0 reaches from 0
            to 1. They may lie outside.
        colours: Shape (N,).
        weights: Shape (N,), 0 to 256: how much each covers.
        width_px: Their width.
        picture: Shape (height, width); changed in place.
    """
    reach = width_px / 2 + 0.5
    for number in range(lines.shape[0]):
        x0, y0, x1, y1 = lines[number]
        dx, dy = x1 - x0, y1 - y0
        length = np.sqrt(dx * dx + dy * dy)
        if length == 0:
            continue
        dx, dy = dx / length, dy / length
        left, right = _span(min(x0, x1) - reach, max(x0, x1) + reach, picture.shape[1])
        top, bottom = _span(min(y0, y1) - reach, max(y0, y1) + reach, picture.shape[0])
        for row in range(top, bottom):
            for column in range(left, right):
                x, y = column + 0.5 - x0, row + 0.5 - y0
                along = x * dx + y * dy
                beside = abs(x * dy - y * dx)
                if (along >= 0) & (along < length) & (beside < reach):
                    share = min(reach - beside, 1.0) * weights[number]
                    picture[row, column] = blended(
                        colours[number], picture[row, column], np.uint32(share)
                    )


@inline
def _span(first: float, last: float, size: int) -> tuple[int, int]:
    """Return the pixels between two places, as far as there are any."""
    begin = int(min(max(np.floor(first), 0.0), float(size)))
    return begin, int(min(max(np.ceil(last), 0.0), float(size)))
