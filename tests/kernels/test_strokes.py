"""Lines are drawn as far as they cover the middle of each pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.kernels.strokes import draw_strokes

GROUND, INK = 0xFF204060, 0xFFF0C080


def plainly(line, weight, width_px, picture) -> np.ndarray:
    out = picture.copy()
    x0, y0, x1, y1 = line
    length = math.hypot(x1 - x0, y1 - y0)
    for row, column in np.ndindex(out.shape):
        x, y = column + 0.5 - x0, row + 0.5 - y0
        along = (x * (x1 - x0) + y * (y1 - y0)) / length
        beside = abs(x * (y1 - y0) - y * (x1 - x0)) / length
        if 0 <= along < length and beside < width_px / 2 + 0.5:
            share = int(min(width_px / 2 + 0.5 - beside, 1.0) * weight)
            channels = [
                ((INK >> s & 255) * share + (int(out[row, column]) >> s & 255) * (256 - share)) >> 8
                for s in (16, 8, 0)
            ]
            out[row, column] = 0xFF000000 | channels[0] << 16 | channels[1] << 8 | channels[2]
    return out


def drawn(line, weight=256, width_px=2.0) -> np.ndarray:
    picture = np.full((12, 16), GROUND, np.uint32)
    lines, colours = np.array([line], np.float64), np.array([INK], np.uint32)
    draw_strokes(lines, colours, np.array([weight], np.uint32), width_px, picture)
    return picture


@pytest.mark.parametrize(
    ("line", "weight", "width_px"),
    [
        ((2, 2, 13, 9), 256, 2.0),
        ((13, 9, 2, 2), 100, 1.0),
        ((8, -5, 8, 40), 200, 3.0),
        ((-4.5, 6.25, 30, 6.25), 256, 1.5),
        ((-9, -9, -2, -2), 256, 2.0),
    ],
)
def test_a_line_covers_what_it_covers(line, weight, width_px):
    ground = np.full((12, 16), GROUND, np.uint32)
    expected = plainly(line, weight, width_px, ground).view(np.uint8)
    found = drawn(line, weight, width_px).view(np.uint8)
    np.testing.assert_allclose(found.astype(int), expected, atol=1)  # shares are rounded down


def test_a_line_without_length_or_weight_leaves_the_picture():
    ground = np.full((12, 16), GROUND, np.uint32)
    np.testing.assert_array_equal(drawn((3, 3, 3, 3)), ground)
    np.testing.assert_array_equal(drawn((2, 2, 13, 9), weight=0), ground)


def test_lines_that_follow_one_another_cover_no_pixel_twice():
    picture = np.full((12, 16), GROUND, np.uint32)
    lines = np.array([[2, 6, 8, 6], [8, 6, 14, 6]], np.float64)
    half = np.full(2, 128, np.uint32)
    draw_strokes(lines, np.full(2, INK, np.uint32), half, 2.0, picture)
    np.testing.assert_array_equal(picture, drawn((2, 6, 14, 6), weight=128))
