"""Procedural textures: shades drawn from a generator and nothing else.

Elementary arithmetic only (no sums over arrays, no trigonometry), so that a seed gives the same
texture on every machine. All return float32, shape (height, width), linear intensity.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.float32]

TEXELS_PER_PX = 2
"""Texels per pixel of the view at a sprite's natural size: finer than the view, so that reading
them bilinearly does not make contrast flicker with sub-pixel phase."""


def noise(shape: tuple[int, int], random: np.random.Generator, *, cell: float) -> Texture:
    """Return smooth noise in 0 to 1, five octaves; `cell` is the coarsest spacing in texels."""
    total = np.zeros(shape, np.float32)
    weight, reach = 1.0, 0.0
    for _ in range(5):
        total += np.float32(weight) * _lattice(shape, random, cell)
        reach += weight
        weight, cell = weight * 0.55, max(cell / 2, 2.0)
    return total / np.float32(reach)


def _lattice(shape: tuple[int, int], random: np.random.Generator, cell: float) -> Texture:
    (rows, fy), (columns, fx) = (_lattice_axis(length, cell) for length in shape)
    knots = random.random((rows[-1] + 2, columns[-1] + 2), np.float32)
    across: Texture = knots[:, columns] + (knots[:, columns + 1] - knots[:, columns]) * fx
    down: Texture = fy[:, None]
    lattice: Texture = across[rows] + (across[rows + 1] - across[rows]) * down
    return lattice


def _lattice_axis(length: int, cell: float) -> tuple[NDArray[np.intp], Texture]:
    place = np.arange(length) / cell
    whole = place.astype(np.intp)
    part = (place - whole).astype(np.float32)
    return whole, part * part * (3 - 2 * part)


def dead_leaves(
    shape: tuple[int, int], random: np.random.Generator, *, smallest: float, largest: float
) -> Texture:
    """Return overlapping discs and slabs, as many of each size as natural images have edges.

    Radii follow a power law with exponent -3 between `smallest` and `largest` texels, which gives
    the scale-free statistics of natural images (Lee, Mumford, Huang, 2001).
    """
    out = np.full(shape, 0.3, np.float32)
    near, far = 1 / (smallest * smallest), 1 / (largest * largest)
    covered = 0.0
    while covered < 4 * out.size:
        radius = 1 / math.sqrt(near - random.random() * (near - far))
        covered += 3 * radius * radius
        _lay_leaf(out, random, radius)
    return soften(out, 3)


def _lay_leaf(out: Texture, random: np.random.Generator, radius: float) -> None:
    cy, cx = random.random() * out.shape[0], random.random() * out.shape[1]
    bright = random.random()
    shade = np.float32(0.06 + 0.84 * bright * bright)
    turn, slim = 2 * random.random() - 1, 0.3 + 0.7 * random.random()
    is_disc = random.random() < 0.5
    top, left = max(0, int(cy - 1.5 * radius)), max(0, int(cx - 1.5 * radius))
    view = out[top : int(cy + 1.5 * radius) + 1, left : int(cx + 1.5 * radius) + 1]
    y = np.arange(top, top + view.shape[0])[:, None] - cy
    x = np.arange(left, left + view.shape[1])[None, :] - cx
    if is_disc:
        inside = x * x + y * y < radius * radius
    else:
        side = math.sqrt(1 - turn * turn)
        along, aside = x * side + y * turn, y * side - x * turn
        inside = (np.abs(along) < radius) & (np.abs(aside) < slim * radius)
    view[inside] = shade


def stripes(
    shape: tuple[int, int], *, period: float, slope: float, low: float, high: float
) -> Texture:
    """Return a triangular grating; `slope` is rows per column, `period` in texels along rows."""
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    phase = ((x + slope * y) / period) % 1.0
    wave = np.clip(4 * np.abs(phase - 0.5) - 0.5, 0, 1)
    return soften((low + (high - low) * wave).astype(np.float32), 2)


def checker(shape: tuple[int, int], *, period: float, low: float, high: float) -> Texture:
    """Return a chequerboard with squares of half a `period` texels."""
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    light = ((x // (period / 2)) + (y // (period / 2))) % 2 == 0
    return soften(np.where(light, np.float32(high), np.float32(low)), 3)


def soften(texture: Texture, passes: int) -> Texture:
    """Blur as a lens does: `passes` times the kernel 1/4, 1/2, 1/4 along both axes."""
    for _ in range(passes):
        for axis in (0, 1):
            rim = [(0, 0), (0, 0)]
            rim[axis] = (1, 1)
            wide = np.moveaxis(np.pad(texture, rim, mode="edge"), axis, 0)
            soft = (wide[:-2] + wide[2:]) * np.float32(0.25) + wide[1:-1] * np.float32(0.5)
            texture = np.moveaxis(soft, 0, axis)
    return np.ascontiguousarray(texture)
