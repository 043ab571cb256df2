"""Pictures are made smaller by averaging blocks."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.shrink import latest_of_blocks, shrink


def edges(size: int, parts: int):
    return np.arange(parts + 1) * size // parts


def span(edges, place: int) -> slice:
    """Return the pixels of a block; an empty one has its first."""
    return slice(edges[place], max(edges[place + 1], edges[place] + 1))


def averaged(picture, rows, columns):
    expected = np.empty((rows.size - 1, columns.size - 1), np.uint32)
    channels = picture[..., None] >> np.array([16, 8, 0], np.uint32) & 0xFF
    for y in range(rows.size - 1):
        for x in range(columns.size - 1):
            block = channels[span(rows, y), span(columns, x)]
            red, green, blue = np.floor(block.mean(axis=(0, 1)) + 0.5).astype(int)
            expected[y, x] = 0xFF000000 | red << 16 | green << 8 | blue
    return expected


@pytest.mark.parametrize("shape", [(1, 1), (7, 11), (20, 33), (40, 64), (45, 70), (99, 30)])
def test_every_pixel_counts_in_one_block(shape):
    picture = np.random.default_rng(3).integers(0, 1 << 24, (40, 64)).astype(np.uint32)
    picture |= np.uint32(0xFF000000)
    rows, columns = edges(40, shape[0]), edges(64, shape[1])
    out = np.zeros(shape, np.uint32)
    shrink(picture, rows, columns, out)
    expected = averaged(picture, rows, columns)
    for shift in (0, 8, 16):
        difference = (out >> shift & 0xFF).astype(int) - (expected >> shift & 0xFF).astype(int)
        assert np.abs(difference).max() <= 1  # halves may go either way
    assert (out >> 24 == 0xFF).all()


@pytest.mark.parametrize("shape", [(1, 1), (7, 11), (40, 64), (45, 70), (99, 30)])
def test_the_latest_event_of_a_block_is_kept(shape):
    cells = np.random.default_rng(4).integers(-(1 << 62), 1 << 62, (40, 64))
    rows, columns = edges(40, shape[0]), edges(64, shape[1])
    out = np.zeros(shape, np.int64)
    latest_of_blocks(cells, rows, columns, out)
    for y, x in np.ndindex(shape):
        block = cells[span(rows, y), span(columns, x)]
        assert out[y, x] == block.max()
