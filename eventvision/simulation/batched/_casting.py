"""Who appears in a clip: sprites of every class, drawn or cut out of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eventvision.simulation import DETECTION_CLASSES

from ._figures import cyclist, thing, vehicle, walker
from ._pictures import PictureLibrary
from ._sheets import Sheet
from ._tracks import FloatArray, Gait, Track

_DRAWN = 48


@dataclass(frozen=True, slots=True)
class Kind:
    """How objects of a class look and move.

    Attributes:
        paint: Draws one.
        sizes_px: Range of the sides of their frames.
        gait: How they move.
    """

    paint: Callable[[np.random.Generator], Sheet]
    sizes_px: tuple[float, float]
    gait: Gait


KINDS = (
    Kind(vehicle, (22, 120), Gait(upright=True, grows=0.25)),
    Kind(walker, (20, 110), Gait(upright=True, grows=0.15)),
    Kind(cyclist, (24, 100), Gait(upright=True, grows=0.15)),
    Kind(thing, (7, 60), Gait(upright=False, spin=1.0, hop=0.6, grows=0.2)),
)
"""In the order of `DETECTION_CLASSES`."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """An object as the camera sees it.

    Attributes:
        sheet: What it looks like.
        number: Its id within the clip, from 1.
        track: Place of the middle of its frame on the screen, its angle and its scale.
        size_px: Side of its frame at scale 1.
        phases: Phase of the sheet at the knots, in turns.
        mirrored: Whether it faces left.
        gain: Brightness.
        depth_m: Distance at the knots, where it is known.
    """

    sheet: Sheet
    number: int
    track: Track
    size_px: float
    phases: FloatArray
    mirrored: bool
    gain: float
    depth_m: FloatArray | None = None

    @property
    def remoteness_m(self) -> float:
        """Typical distance, by which sprites of a world are ordered; 0 if it is not known."""
        return 0.0 if self.depth_m is None else float(np.median(self.depth_m))


class Wardrobe:
    """Sheets to choose from: a fixed number of drawn ones per class, and cut-outs.

    Args:
        library: Labelled images to cut from.
        seed: Decides what the drawn ones look like.
    """

    def __init__(self, library: PictureLibrary, seed: int) -> None:
        self._library = library
        self._seed = seed
        self._drawn = lru_cache(maxsize=None)(self._draw)

    def sheet(self, random: np.random.Generator, kind: int) -> Sheet:
        """Return a sheet of a class, an index into `DETECTION_CLASSES`."""
        if DETECTION_CLASSES[kind] != "other" and random.random() < 0.5:
            found = self._library.cut_out(random, kind)
            if found is not None:
                return found
        return self._drawn(kind, int(random.integers(_DRAWN)))

    def _draw(self, kind: int, number: int) -> Sheet:
        return KINDS[kind].paint(np.random.default_rng([self._seed, kind, number]))


def phases_of(
    sheet: Sheet, travelled: FloatArray, size: float, start: float, *, least: float = 1.0
) -> FloatArray:
    """Return the phase of a figure that steps or pedals as far as it travels, in turns.

    Args:
        sheet: The figure.
        travelled: How far it has travelled at the knots.
        size: Its height, in the same unit.
        start: Phase at the start.
        least: Smallest size to reckon with.
    """
    if not sheet.stride:
        return np.full_like(travelled, start)
    return start + travelled / max(sheet.stride * size, least)
