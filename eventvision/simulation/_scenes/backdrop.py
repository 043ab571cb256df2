"""What several scenes share: a textured wall, and a camera that drifts before it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from eventvision.simulation import _surfaces as surfaces
from eventvision.simulation._photos import photo
from eventvision.simulation._textures import Texture, checker, dead_leaves, noise, soften, stripes
from eventvision.simulation._world.bodies import Skin, card
from eventvision.simulation._world.pace import CONSTANT, Pace
from eventvision.simulation._world.view import Eye
from eventvision.simulation._world.world import WorldBuilder

FOCAL_SHARE = 0.9
"""Focal length of these scenes, as a share of the sensor's width."""


def wall(
    builder: WorldBuilder,
    random: np.random.Generator,
    size_m: tuple[float, float],
    z: float,
    *,
    texels: int = 1024,
    images: Path | None = None,
) -> None:
    """Put up a wall behind everything: one of the images, or leaves with posters.

    Args:
        builder: Takes the wall.
        random: Draws it.
        size_m: Width and height.
        z: Distance from the middle of the world.
        texels: Along its longer side.
        images: Folder to choose an image from.
    """
    scale = texels / max(size_m)
    shape = round(size_m[1] * scale), round(size_m[0] * scale)
    texture = leaves_and_posters(shape, random) if images is None else photo(images, random)
    if images is not None:
        texture = _cut_to(texture, size_m[0] / size_m[1])
    builder.fix(card(*size_m, Skin.whole(builder.atlas, texture, "building")), (0, 0, z), layer=99)


def _cut_to(texture: Texture, aspect: float) -> Texture:
    """Return the middle of an image, as large as an aspect (width by height) allows."""
    rows, columns = texture.shape
    wide, high = min(columns, round(rows * aspect)), min(rows, round(columns / aspect))
    left, top = (columns - wide) // 2, (rows - high) // 2
    return texture[top : top + high, left : left + wide]


def leaves_and_posters(shape: tuple[int, int], random: np.random.Generator) -> Texture:
    """Return dead leaves with a grating, a chequerboard and a printed page, unevenly lit."""
    longest = max(shape)
    texture = dead_leaves(shape, random, smallest=longest / 100, largest=longest / 7)
    side = longest // 6
    page = surfaces.print_lines(256, random)[:side, :side]
    posters = (
        stripes((side, side), period=side / 6, slope=0.4, low=0.12, high=0.6),
        checker((side, side), period=side / 4, low=0.15, high=0.7),
        page,
    )
    for poster in posters:
        rows, columns = poster.shape
        top = int(random.random() * (shape[0] - rows))
        left = int(random.random() * (shape[1] - columns))
        texture[top : top + rows, left : left + columns] = poster
    light = 0.45 + 0.4 * noise(shape, random, cell=longest / 6)
    grain = 0.85 + 0.3 * soften(noise(shape, random, cell=longest / 40), 2)
    lit: Texture = soften(texture, 1) * light * grain
    return lit


def drift(
    random: np.random.Generator,
    *,
    reach_m: float,
    speed: float,
    pace: Pace = CONSTANT,
    ahead_m: float = 0.0,
    turn_rad: float = 0.0,
) -> Eye:
    """Return a camera that drifts about the middle of the world, looking ahead, and shakes.

    Args:
        random: Draws its phases.
        reach_m: How far it goes to each side.
        speed: Radians a second of the slowest sway.
        pace: How speed changes.
        ahead_m: How far it goes to and fro.
        turn_rad: How far it turns and rolls.
    """
    phases = (6.28 * random.random(6)).tolist()
    rates = (speed * (0.7 + 0.6 * random.random(6))).tolist()

    def eye(seconds: float) -> tuple[float, float, float, float, float, float]:
        gone = pace.distance(seconds)
        x, y, z, yaw, pitch, roll = (
            math.sin(rate * gone + phase) for rate, phase in zip(rates, phases, strict=True)
        )
        shake = 0.001 * math.sin(27 * seconds)
        return (
            reach_m * x + shake,
            0.7 * reach_m * y + 0.001 * math.cos(35 * seconds),
            ahead_m * z,
            turn_rad * yaw,
            0.7 * turn_rad * pitch,
            turn_rad * roll,
        )

    return eye
