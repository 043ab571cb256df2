"""Activity on a coarse grid: square cells that events charge and time discharges.

A charge at time T is the sum of exp(-(T - t) / memory) over a cell's events: an exponential memory,
the same however the stream is cut. Each cell keeps several, see `CELL_DTYPE`.

Light that flickers is told from things that move by the turns of polarity at one pixel. An edge
makes a pixel fire a run of one polarity and goes on; even the next edge seldom follows within
milliseconds, and hardly ever a third. A lamp on the mains turns the same pixel over every 5 ms
(4 ms at 60 Hz), again and again. A pixel with two quick turns in a row flickers, and its events
count apart; where they make up a good part of what a neighbourhood has seen of late, the whole of
it is lit by that lamp, including those pixels that follow it only now and then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

TURN_DTYPE = np.dtype([("t", "<u4"), ("turns", "u1"), ("latest", "u1")], align=True)
"""t: us of the latest event, modulo 2**32; turns: quick turns of polarity in a row, at most 255;
latest: 0 no event yet, 1 OFF, 2 ON."""

CELL_DTYPE = np.dtype(
    [("charge", "<f4"), ("balance", "<f4"), ("recent", "<f4"), ("steady", "<f4"),
     ("flicker", "<f4"), ("usual", "<f4")]
)  # fmt: skip
"""charge: events that do not flicker; balance: the same, OFF negative; recent: the same as charge,
with a short memory; steady: with a long one; flicker: events that flicker, with the long one;
usual: what the charge mostly is."""

FINE_BITS = 10
QUICK_US = np.uint32(16_000)
FLICKER_TURNS = 2
STANDS_OUT = 3.0
NOTHING = np.float32(1e-9)


def new_pixels(height: int, width: int) -> NDArray[np.void]:
    """Return pixels (height, width) of `TURN_DTYPE` that have seen nothing."""
    return np.zeros((height, width), TURN_DTYPE)


def new_cells(height: int, width: int, cell_px: int) -> NDArray[np.void]:
    """Return uncharged cells of `CELL_DTYPE` that cover height x width pixels."""
    return np.zeros((-(-height // cell_px), -(-width // cell_px)), CELL_DTYPE)


def decay_tables(memories_us: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return what `charge` needs to know of the three memories, shape (3, 2, 1024).

    The decay over any whole time up to a second is a product of two entries: one for the
    microseconds within 1024, one for the rest.

    Args:
        memories_us: Time constants of `recent`, of `charge` and `balance`, of the others.
    """
    size = 1 << FINE_BITS
    steps_us = np.arange(size)[None, :] * np.array([[1], [size]])
    tables: NDArray[np.float32] = np.exp(
        -steps_us[None] / np.array(memories_us)[:, None, None]
    ).astype(np.float32)
    tables[tables < NOTHING] = 0.0
    tables[:, 1, -1] = 0.0
    return tables


@inline
def _decay(tables: NDArray[np.float32], memory: int, passed_us: int) -> np.float32:
    size = 1 << FINE_BITS
    fine, coarse = passed_us & (size - 1), min(passed_us >> FINE_BITS, size - 1)
    weight: np.float32 = tables[memory, 0, fine] * tables[memory, 1, coarse]
    return weight


@inline
def _rounded(value: np.float32) -> np.float32:
    """Return 0 for next to nothing; floats that fade for ever end up slow to reckon with."""
    return value if abs(value) > NOTHING else np.float32(0.0)


@inline
def _fade(cells: NDArray[np.void], tables: NDArray[np.float32], passed_us: int) -> None:
    short = _decay(tables, 0, passed_us)
    middle = _decay(tables, 1, passed_us)
    long = _decay(tables, 2, passed_us)
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            cell = cells[row, column]
            cell.charge = _rounded(cell.charge * middle)
            cell.balance = _rounded(cell.balance * middle)
            cell.recent = _rounded(cell.recent * short)
            cell.steady = _rounded(cell.steady * long)
            cell.flicker = _rounded(cell.flicker * long)


@inline
def _turns(pixel: Any, t: np.uint32, on: bool) -> int:
    """Take an event into a pixel, and return its quick turns in a row."""
    latest = 2 if on else 1
    turns = 0
    if pixel.latest != 0 and np.uint32(t - pixel.t) <= QUICK_US:
        turns = min(pixel.turns + (1 if pixel.latest != latest else 0), 255)
    pixel.t, pixel.turns, pixel.latest = t, turns, latest
    return turns


@kernel
def charge(
    events: NDArray[np.void],
    pixels: NDArray[np.void],
    cells: NDArray[np.void],
    cell_px: int,
    from_us: int,
    until_us: int,
    tables: NDArray[np.float32],
) -> None:
    """Bring the cells from `from_us` to `until_us` and add the events between.

    Args:
        events: Shape (N,), `EVENT_DTYPE`, inside the sensor.
        pixels: Shape (height, width), `TURN_DTYPE`; updated.
        cells: Shape (rows, columns), `CELL_DTYPE`; updated, but for `usual`.
        cell_px: Side of a cell in pixels.
        from_us: Time for which the charges stand.
        until_us: Time to bring them to; at or after every event.
        tables: From `decay_tables`.
    """
    _fade(cells, tables, until_us - from_us)
    # Division by multiplication, exact for 16-bit coordinates: twice as fast.
    share = (1 << 32) // cell_px + 1
    for i in range(events.size):
        event = events[i]
        turns = _turns(pixels[event.y, event.x], np.uint32(event.t), event.on)
        cell = cells[(np.int64(event.y) * share) >> 32, (np.int64(event.x) * share) >> 32]
        passed_us = until_us - event.t
        long = _decay(tables, 2, passed_us)
        if turns >= FLICKER_TURNS:
            cell.flicker += long
        else:
            middle = _decay(tables, 1, passed_us)
            cell.charge += middle
            cell.balance += middle if event.on else -middle
            cell.recent += _decay(tables, 0, passed_us)
            cell.steady += long


@kernel
def learn_usual(cells: NDArray[np.void], gain: float) -> None:
    """Move what is usual towards the present charge by `gain`, 0 to 1."""
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            cell = cells[row, column]
            cell.usual += np.float32(gain) * (cell.charge - cell.usual)


@kernel
def activate(
    cells: NDArray[np.void], usual_share: float, least: float, most: int
) -> NDArray[np.int32]:
    """Return row and column of the cells that hold clearly more than usual, shape (N, 2).

    Args:
        cells: Shape (rows, columns), `CELL_DTYPE`.
        usual_share: Part of the usual charge that does not count.
        least: What must remain of a charge.
        most: If more cells than this are left, the scene itself moves, and only cells are active
            that hold several times as much as is common.
    """
    rows, columns = cells.shape
    excess = np.empty((rows, columns), np.float32)
    highest, above = least, 0
    for row in range(rows):
        for column in range(columns):
            cell = cells[row, column]
            value = cell.charge - np.float32(usual_share) * cell.usual
            excess[row, column] = value
            highest = max(highest, value)
            above += value > least
    if above > most:
        least = _raised(excess, least, highest, above)
    places = np.empty((above + 1, 2), np.int32)
    count = 0
    for row in range(rows):
        for column in range(columns):
            places[count, 0], places[count, 1] = row, column
            count += excess[row, column] > least
    return places[:count]


@inline
def _raised(excess: NDArray[np.float32], least: float, highest: float, above: int) -> float:
    """Return `STANDS_OUT` times the median of the `above` values beyond `least`."""
    width = (highest - least) / 4096
    bins = np.zeros(4096, np.int64)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            if excess[row, column] > least:
                bins[min(int((excess[row, column] - least) / width), 4095)] += 1
    left, below = 0, bins[0]
    while 2 * below < above:
        left += 1
        below += bins[left]
    return STANDS_OUT * (least + left * width)


@inline
def _within(sums: NDArray[np.float64], row: int, column: int, reach: int, which: int) -> float:
    top, bottom = max(row - reach, 0), min(row + reach + 1, sums.shape[0] - 1)
    left, right = max(column - reach, 0), min(column + reach + 1, sums.shape[1] - 1)
    total: float = (
        sums[bottom, right, which]
        - sums[top, right, which]
        - sums[bottom, left, which]
        + sums[top, left, which]
    )
    return total


@kernel
def drop_flickering(
    places: NDArray[np.int32], cells: NDArray[np.void], reach: int, most_share: float
) -> NDArray[np.int32]:
    """Return the places but those where over `most_share` of the charge within `reach` flickers."""
    rows, columns = cells.shape
    sums = np.zeros((rows + 1, columns + 1, 2), np.float64)
    for row in range(rows):
        steady, flicker = 0.0, 0.0
        for column in range(columns):
            steady += cells[row, column].steady
            flicker += cells[row, column].flicker
            sums[row + 1, column + 1, 0] = sums[row, column + 1, 0] + steady
            sums[row + 1, column + 1, 1] = sums[row, column + 1, 1] + flicker
    kept = np.empty((places.shape[0] + 1, 2), np.int32)
    count = 0
    for i in range(places.shape[0]):
        row, column = places[i, 0], places[i, 1]
        lit = _within(sums, row, column, reach, 1)
        kept[count, 0], kept[count, 1] = row, column
        count += lit <= most_share * (lit + _within(sums, row, column, reach, 0))
    return kept[:count]


@kernel
def contrast(boxes: NDArray[np.float64], cells: NDArray[np.void]) -> NDArray[np.float64]:
    """Return how far boxes stand out from what surrounds them, shape (N,), 0 to 1.

    0 means that a frame around the box, half as wide as the box, is as active as its inside: the
    box is a piece of texture that the camera moves past. 1 means that nothing is around it.

    Args:
        boxes: Left, top, right, bottom in cells, shape (N, 4).
        cells: Shape (rows, columns), `CELL_DTYPE`.
    """
    rows, columns = cells.shape
    found = np.ones(boxes.shape[0], np.float64)
    for i in range(boxes.shape[0]):
        left, top, right, bottom = boxes[i]
        across, down = (right - left) / 2, (bottom - top) / 2
        inside, inside_cells, all_charge, all_cells = 0.0, 0, 0.0, 0
        for row in range(max(int(top - down), 0), min(int(bottom + down), rows)):
            for column in range(max(int(left - across), 0), min(int(right + across), columns)):
                all_charge += cells[row, column].charge
                all_cells += 1
                if top <= row < bottom and left <= column < right:
                    inside += cells[row, column].charge
                    inside_cells += 1
        if inside > 0.0 and all_cells > inside_cells:
            around = (all_charge - inside) / (all_cells - inside_cells)
            found[i] = max(1.0 - around * inside_cells / inside, 0.0)
    return found


@kernel
def measure(
    places: NDArray[np.int32],
    labels: NDArray[np.int32],
    count: int,
    cells: NDArray[np.void],
    enough: float,
    least_share: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Measure clusters 1 to `count` where they are now.

    A fast object leaves a tail of charged cells. So if a cluster's recent charge is `enough`, its
    extent is that of the recent charge, else that of the charge; and cells with less than
    `least_share` of what its cells have on average, each counted by what it has, are left out.

    Args:
        places: Row and column of cells, shape (N, 2).
        labels: Cluster of each, 0 for none, shape (N,).
        count: Number of clusters.
        cells: Shape (rows, columns), `CELL_DTYPE`.
        enough: Recent events that tell where a cluster is.
        least_share: See above.

    Returns:
        First row, first column, last row, last column and number of the cells that count, shape
        (count, 5); the charge and the balance of all cells, shape (count, 2).
    """
    sums = np.zeros((count + 1, 5), np.float64)
    for i in range(places.shape[0]):
        cell, figures = cells[places[i, 0], places[i, 1]], sums[labels[i]]
        figures[0] += cell.charge
        figures[1] += cell.balance
        figures[2] += cell.charge * cell.charge
        figures[3] += cell.recent
        figures[4] += cell.recent * cell.recent
    least = np.empty(count + 1, np.float64)
    for label in range(count + 1):
        first = 3 if sums[label, 3] >= enough else 0
        square = sums[label, 4] if first else sums[label, 2]
        least[label] = least_share * square / max(sums[label, first], 1e-30)
    found = np.zeros((count + 1, 5), np.int64)
    for i in range(places.shape[0]):
        row, column, label = places[i, 0], places[i, 1], labels[i]
        cell, one = cells[row, column], found[label]
        if (cell.recent if sums[label, 3] >= enough else cell.charge) < least[label]:
            continue
        if one[4] == 0:
            one[0], one[1], one[3] = row, column, column
        one[1], one[2], one[3] = min(one[1], column), row, max(one[3], column)
        one[4] += 1
    return found[1:], sums[1:, :2]
