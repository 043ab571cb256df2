"""Painting of layers against plain numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.kernels.layers import paint_plane, paint_sprite

SHAPE = (23, 31)


def affine(angle, scale, u0, v0):
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    return np.array([cos, sin, u0, -sin, cos, v0])


def texel_places(m):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]


def read_bilinearly(texture, u, v):
    """Read a texture at places in texels, its rim going on beyond: the specification."""
    u, v = np.clip(u, 0, texture.shape[1] - 1), np.clip(v, 0, texture.shape[0] - 1)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    right, below = (
        np.minimum(left + 1, texture.shape[1] - 1),
        np.minimum(top + 1, texture.shape[0] - 1),
    )
    fx, fy = u - left, v - top
    upper = texture[top, left] * (1 - fx) + texture[top, right] * fx
    lower = texture[below, left] * (1 - fx) + texture[below, right] * fx
    return upper * (1 - fy) + lower * fy


@pytest.mark.parametrize(
    "m",
    [affine(0, 1, 3, 4), affine(0, 2, 0.5, 0.25), affine(0.4, 1.3, 2, 20), affine(3, 2, 30, -40)],
)
def test_a_plane_is_read_bilinearly_and_its_rim_goes_on(m):
    texture = np.random.default_rng(0).random((40, 50), np.float32)
    out = np.empty(SHAPE, np.float32)
    paint_plane(texture, m, out)
    assert out == pytest.approx(read_bilinearly(texture, *texel_places(m)), abs=1e-5)


@pytest.mark.parametrize(
    "m", [affine(0, 1, 2, 3), affine(0.7, 1.6, 5, 12), affine(-0.2, 2, -8, -3)]
)
def test_a_sprite_covers_by_distance_and_labels_from_half_a_pixel_on(m):
    random = np.random.default_rng(1)
    texture = random.random((41, 41), np.float32)
    y, x = np.mgrid[-20:21, -20:21].astype(np.float32)
    distance = np.hypot(x, y) - 15
    image, mask = np.full(SHAPE, 0.25, np.float32), np.zeros(SHAPE, np.uint8)
    paint_sprite(texture, distance, m, 0.5, 9, (0, SHAPE[1], 0, SHAPE[0]), image, mask)

    u, v = texel_places(m)
    inside = (u >= 0) & (v >= 0) & (u < 40) & (v < 40)
    cover = np.clip(0.5 - 0.5 * read_bilinearly(distance, u, v), 0, 1) * inside
    expected = 0.25 * (1 - cover) + read_bilinearly(texture, u, v) * cover
    assert image == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(
        mask[abs(cover - 0.5) > 1e-6] == 9, (cover >= 0.5)[abs(cover - 0.5) > 1e-6]
    )
    assert 0 < np.count_nonzero(mask) < mask.size


def test_nothing_is_painted_outside_the_window():
    image, mask = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.uint8)
    everywhere = np.full((60, 60), -9, np.float32)
    paint_sprite(
        np.ones((60, 60), np.float32),
        everywhere,
        affine(0, 1, 5, 5),
        1.0,
        1,
        (4, 7, 2, 5),
        image,
        mask,
    )
    assert np.argwhere(mask).min(axis=0).tolist() == [2, 4]
    assert np.argwhere(mask).max(axis=0).tolist() == [4, 6]
    assert np.array_equal(image == 1, mask == 1)
