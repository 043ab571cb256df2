"""Events moved to other places: bent by a field, turned, shifted, thinned out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel


@kernel
def bend_events(
    events: NDArray[np.void],
    offsets: NDArray[np.int64],
    field: NDArray[np.float32],
    matrix: NDArray[np.float32],
    shift: NDArray[np.float32],
    speed: NDArray[np.float32],
    drop: NDArray[np.float32],
    chance: NDArray[np.float32],
    width: int,
    height: int,
    out: NDArray[np.void],
    sizes: NDArray[np.int64],
) -> int:
    """Move the events of many recordings; those that leave the sensor are left out.

    With p the place of an event from the middle of the sensor, its new place is
    `matrix @ (p + field[row, column]) + shift`, rounded half up. Its time is multiplied by `speed`
    and cut off.

    Args:
        events: Events end to end, (N,), `EVENT_DTYPE`.
        offsets: Recording i is `events[offsets[i]:offsets[i + 1]]`; (R + 1,).
        field: Displacement in x and y at nodes spread over the sensor, (R, 2, rows, columns); an
            event takes the nearest node's.
        matrix: (R, 2, 2), for (x, y).
        shift: (R, 2), x and y.
        speed: (R,).
        drop: Share of events left out, (R,).
        chance: A number in [0, 1) for each event; it is left out where that is below `drop`.
        width: Of the sensor.
        height: Of the sensor.
        out: Where events go, (N,) at least.
        sizes: How many of each recording are left, (R,).

    Returns:
        How many are left in all.
    """
    middle_x = np.float32(width - 1) * np.float32(0.5)
    middle_y = np.float32(height - 1) * np.float32(0.5)
    rows, columns = field.shape[2], field.shape[3]
    row_scale = np.float32(rows - 1) / np.float32(max(height - 1, 1))
    column_scale = np.float32(columns - 1) / np.float32(max(width - 1, 1))
    half = np.float32(0.5)
    count = 0
    for i in range(sizes.size):
        first = count
        for k in range(offsets[i], offsets[i + 1]):
            if chance[k] < drop[i]:
                continue
            x, y = np.float32(events[k].x), np.float32(events[k].y)
            row = int(np.floor(y * row_scale + half))
            column = int(np.floor(x * column_scale + half))
            from_x = x - middle_x + field[i, 0, row, column]
            from_y = y - middle_y + field[i, 1, row, column]
            to_x = matrix[i, 0, 0] * from_x + matrix[i, 0, 1] * from_y + shift[i, 0] + middle_x
            to_y = matrix[i, 1, 0] * from_x + matrix[i, 1, 1] * from_y + shift[i, 1] + middle_y
            new_x, new_y = int(np.floor(to_x + half)), int(np.floor(to_y + half))
            if new_x < 0 or new_x >= width or new_y < 0 or new_y >= height:
                continue
            out[count].t = int(np.float32(events[k].t) * speed[i])
            out[count].x = new_x
            out[count].y = new_y
            out[count].on = events[k].on
            count += 1
        sizes[i] = count - first
    return count
