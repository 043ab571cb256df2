"""Events as points in space and time, drawn in perspective with a depth buffer.

A point's colour depends on its polarity and age alone, so that a table of 2 x 256 colours decides
how the cloud looks, and the loop neither branches on palettes nor blends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, on, row

_AGES = 255


@kernel
def draw_cloud(
    words: NDArray[np.uint64],
    every: int,
    now_us: int,
    span_us: int,
    view: NDArray[np.float32],
    colours: NDArray[np.uint32],
    size: int,
    depth: NDArray[np.float32],
    picture: NDArray[np.uint32],
) -> None:
    """Draw the events of `(now_us - span_us, now_us]` as squares; nearer ones hide farther ones.

    With a = (x, y, age, 1), where age runs from 0 at `now_us` to 1, the rows of `view` give
    (column, row, w) = view @ a: the point lies at pixel (column / w, row / w), and a smaller w is
    nearer. Points with w <= 0 are behind the viewer and left out.

    Args:
        words: Events, shape (2 * N,).
        every: Draw one event of so many.
        now_us: Time of the front.
        span_us: Length of the time axis, positive.
        view: Shape (3, 4).
        colours: Shape (2, 256): by polarity (OFF, ON) and age.
        size: Edge of a square in pixels.
        depth: Shape (rows, columns): w of what is drawn; changed in place.
        picture: Shape (rows, columns): changed in place.
    """
    rows, columns = picture.shape
    per_us = np.float32(1.0 / span_us)
    for i in range(0, words.size // 2, every):
        behind_us = now_us - np.int64(words[2 * i])
        if behind_us < 0 or behind_us >= span_us:
            continue
        address = words[2 * i + 1]
        x, y = np.float32(column(address)), np.float32(row(address))
        age = np.float32(behind_us) * per_us
        w = view[2, 0] * x + view[2, 1] * y + view[2, 2] * age + view[2, 3]
        if w <= 0:
            continue
        across = (view[0, 0] * x + view[0, 1] * y + view[0, 2] * age + view[0, 3]) / w
        down = (view[1, 0] * x + view[1, 1] * y + view[1, 2] * age + view[1, 3]) / w
        if across < 0 or down < 0 or across >= columns or down >= rows:
            continue
        left, top = int(across), int(down)
        colour = colours[on(address), int(age * _AGES)]
        for r in range(top, min(top + size, rows)):
            for c in range(left, min(left + size, columns)):
                if w < depth[r, c]:
                    depth[r, c] = w
                    picture[r, c] = colour
