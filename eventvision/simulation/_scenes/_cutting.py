"""Taking a labelled image apart: what moves, what stands, the ground and the sky."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError
from eventvision.kernels.nearest import nearest_marked
from eventvision.simulation._classes import CAMVID_CLASSES, CAMVID_MOVERS, SEGMENTATION_CLASSES
from eventvision.simulation._textures import Texture

_LEAST_PX, _MOST_CUTS, _RIM_PX = 80, 12, 6
_GROUND = ("road", "pavement")


@dataclass(frozen=True, slots=True)
class Cut:
    """One thing that moves.

    Attributes:
        kind: Its detection class.
        left: First column of the cut-out in the image.
        top: First row.
        foot: Lowest row that it covers.
        texture: Linear intensity of the cut-out.
        outline: Signed distance to its outline, in pixels.
    """

    kind: str
    left: int
    top: int
    foot: float
    texture: Texture
    outline: Texture


@dataclass(frozen=True, slots=True)
class Layers:
    """An image taken apart; all but the cuts have its size.

    Attributes:
        filled: Linear intensity without what moves.
        sky: The sky, gone on behind everything.
        outline: Signed distance to the outline of what stands, in pixels.
        standing: Classes of what stands.
        ground: Classes of the ground.
        feet: Row in which what stands meets the ground, for each column.
        horizon: Row of the horizon.
        cuts: What moves.
    """

    filled: Texture
    sky: Texture
    outline: Texture
    standing: NDArray[np.uint8]
    ground: NDArray[np.uint8]
    feet: NDArray[np.float64]
    horizon: float
    cuts: tuple[Cut, ...]


def take_apart(path: Path, image: Texture, labels: NDArray[np.uint8]) -> Layers:
    """Take an image apart along its labels.

    Raises:
        FormatError: If the labels have another size or values that `CAMVID_CLASSES` lacks.
    """
    if labels.shape != image.shape or int(labels.max()) >= len(CAMVID_CLASSES):
        raise FormatError(
            path,
            f"its labels are {labels.shape[1]}x{labels.shape[0]} with values up to {labels.max()}",
            f"label {image.shape[1]}x{image.shape[0]} pixels with 0 to {len(CAMVID_CLASSES) - 1}",
        )
    movers = np.isin(labels, list(CAMVID_MOVERS))
    surface = _nearest(_classes(labels), movers)
    flat = np.isin(surface, [SEGMENTATION_CLASSES.index(name) for name in _GROUND])
    sky = surface == SEGMENTATION_CLASSES.index("sky")
    stands = ~flat & ~sky
    rows = np.arange(image.shape[0])
    road_rows = rows[flat.mean(axis=1) > 0.02]
    first_road = float(road_rows[0]) if road_rows.size else 0.5 * rows.size
    horizon = min(max(first_road - 4, 0.3 * rows.size), 0.6 * rows.size)
    below = np.where(stands, rows[:, None], 0).max(axis=0)
    feet = np.maximum(below, horizon + 8).astype(np.float64)
    return Layers(
        filled=_inpainted(image, movers),
        sky=_only(image, sky),
        outline=_signed(stands),
        standing=np.where(stands, surface, SEGMENTATION_CLASSES.index("building")),
        ground=np.where(flat, surface, SEGMENTATION_CLASSES.index("road")),
        feet=feet,
        horizon=horizon,
        cuts=tuple(_cuts(image, labels)),
    )


def _classes(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = [SEGMENTATION_CLASSES.index(name) for name in CAMVID_CLASSES.values()]
    surface: NDArray[np.uint8] = np.array(table, np.uint8)[labels]
    return surface


def _nearest(surface: NDArray[np.uint8], hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return classes with holes filled from the nearest pixel around."""
    if not hole.any() or hole.all():
        return surface
    rows, columns = nearest_marked(~hole)
    filled: NDArray[np.uint8] = surface[rows, columns]
    return filled


def _inpainted(image: Texture, hole: NDArray[np.bool_]) -> Texture:
    """Return an image with holes filled from around."""
    import cv2

    shades = np.rint(255 * np.sqrt(image)).astype(np.uint8)
    wide = cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8))
    painted = cv2.inpaint(shades, wide, 3, cv2.INPAINT_TELEA).astype(np.float32) / 255
    filled: Texture = np.where(wide > 0, painted * painted, image)
    return filled


def _only(image: Texture, part: NDArray[np.bool_]) -> Texture:
    """Return an image with everything but a part of it set to that part's mean."""
    mean = float(image[part].mean()) if part.any() else 0.8
    only: Texture = np.where(part, image, np.float32(mean))
    return only


def _signed(inside: NDArray[np.bool_]) -> Texture:
    """Return the signed distance to the rim of a mask in pixels, negative inside."""
    import cv2

    out, within = (
        np.asarray(cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
        for part in (~inside, inside)
    )
    signed: Texture = np.clip(out, 0, 1e4) - np.clip(within, 0, 1e4)
    return signed + np.where(inside, np.float32(0.5), np.float32(-0.5))


def _cuts(image: Texture, labels: NDArray[np.uint8]) -> list[Cut]:
    """Return the largest connected regions of things that move."""
    import cv2

    cuts: list[tuple[int, Cut]] = []
    for value, kind in CAMVID_MOVERS.items():
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            (labels == value).astype(np.uint8)
        )
        for part in range(1, count):
            left, top, width, height, area = (int(number) for number in stats[part])
            if area < _LEAST_PX:
                continue
            x0, y0 = max(0, left - _RIM_PX), max(0, top - _RIM_PX)
            window = (slice(y0, top + height + _RIM_PX), slice(x0, left + width + _RIM_PX))
            outline = _signed(parts[window] == part)
            cut = Cut(kind, x0, y0, float(top + height - 1), image[window], outline)
            cuts.append((area, cut))
    cuts.sort(key=lambda pair: -pair[0])
    return [cut for _, cut in cuts[:_MOST_CUTS]]
