"""What sprites look like: sheets of frames, each with shade and opacity (premultiplied).

Figures are drawn from capsules and boxes by their signed distance, in the phases of a step or a
turn of the pedals, so that limbs, wheels and windows make the edges that a camera would see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

SHEET_PX = 96
"""Side of a frame in texels. A figure stands on the bottom and spans the frame in one direction."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sprite's looks.

    Attributes:
        frames: uint8, shape (phases, 2, SHEET_PX, SHEET_PX): linear shade times opacity, opacity.
        detection: Index into `DETECTION_CLASSES`.
        segmentation: Index into `SEGMENTATION_CLASSES`.
        stride: Heights of the figure travelled in all phases together.
    """

    frames: NDArray[np.uint8]
    detection: int
    segmentation: int
    stride: float = 0.0


@dataclass(slots=True)
class Easel:
    """A set of frames being painted, back to front.

    Coordinates run from -1 (left, top) to 1; `phases` frames are painted at once, so positions may
    be arrays of shape (phases,).
    """

    phases: int
    random: np.random.Generator
    shade: Array = field(init=False)
    opacity: Array = field(init=False)

    def __post_init__(self) -> None:
        size = self.phases, SHEET_PX, SHEET_PX
        self.shade = np.zeros(size, np.float32)
        self.opacity = np.zeros(size, np.float32)

    def capsule(
        self, start: tuple[float | Array, float | Array], end: tuple[float | Array, float | Array],
        radius: float, shade: float, *, thin: float | None = None,
    ) -> None:  # fmt: skip
        """Paint a limb: a thick line from `start` to `end`, `thin` wide at its end."""
        (x0, y0), (x1, y1) = ([_column(v) for v in point] for point in (start, end))
        reach = max(radius, radius if thin is None else thin)
        window = *_window(y0, y1, reach), *_window(x0, x1, reach)
        x, y = _axes(*window)
        dx, dy = x1 - x0, y1 - y0
        length = np.maximum(dx * dx + dy * dy, 1e-6)
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1)
        gap = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
        width = radius + along * ((radius if thin is None else thin) - radius)
        rounded = 1 - 0.35 * np.clip(gap / width, 0, 1) ** 2
        self._lay(gap - width, np.float32(shade) * rounded, window)

    def disc(self, x: float | Array, y: float | Array, radius: float, shade: float) -> None:
        """Paint a disc."""
        self.capsule((x, y), (x, y), radius, shade)

    def ring(self, x: float, y: float, radius: float, width: float, shade: float) -> None:
        """Paint a circle, such as a tyre."""
        columns, rows = _axes()
        gap = np.abs(np.hypot(columns - x, rows - y) - radius) - width / 2
        self._lay(gap, np.float32(shade))

    def box(
        self, left: float, top: float, right: float, bottom: float, shade: float | Array, *,
        corner: float = 0.02, lean: float = 0.0, grain: float = 0.0,
    ) -> None:  # fmt: skip
        """Paint a box with round corners, its sides leaning in by `lean` at the top."""
        x, y = _axes()
        x0, y0 = (left + right) / 2, (top + bottom) / 2
        height = np.clip((bottom - y) / (bottom - top), 0, 1)
        half = (right - left) / 2 - lean * height - corner
        dx, dy = np.abs(x - x0) - half, np.abs(y - y0) - ((bottom - top) / 2 - corner)
        outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
        gap = outside + np.minimum(np.maximum(dx, dy), 0) - corner
        tone = np.asarray(shade, np.float32)
        if grain:
            tone = tone * (1 + grain * (smooth_noise(self.random, 8) - 0.5))
        self._lay(gap, tone)

    def frames(self) -> NDArray[np.uint8]:
        """Return what was painted, shape (phases, 2, SHEET_PX, SHEET_PX)."""
        both = np.stack([self.shade, self.opacity], axis=1)
        painted: NDArray[np.uint8] = np.rint(255 * np.clip(both, 0, 1)).astype(np.uint8)
        return painted

    def _lay(
        self,
        gap: Array,
        shade: Array | np.floating[Any],
        window: tuple[int, int, int, int] = (0, SHEET_PX, 0, SHEET_PX),
    ) -> None:
        """Cover what lies inside of `gap`, a signed distance; edges are two texels soft."""
        cover = np.clip(0.5 - gap * np.float32(SHEET_PX / 4), 0, 1).astype(np.float32)
        top, bottom, left, right = window
        place = np.s_[:, top:bottom, left:right]
        self.shade[place] += cover * (shade - self.shade[place])
        self.opacity[place] += cover * (1 - self.opacity[place])


def _axes(
    top: int = 0, bottom: int = SHEET_PX, left: int = 0, right: int = SHEET_PX
) -> tuple[Array, Array]:
    axis = (np.arange(SHEET_PX, dtype=np.float32) + 0.5) * (2 / SHEET_PX) - 1
    return axis[None, None, left:right], axis[None, top:bottom, None]


def _window(first: Array, last: Array, reach: float) -> tuple[int, int]:
    """Return the texels, first and one beyond the last, that a part can touch along one axis."""
    low = min(first.min(), last.min()) - reach
    high = max(first.max(), last.max()) + reach
    begin, end = (0.5 * SHEET_PX * (1 + np.array([low, high])) + (-2, 3)).astype(int)
    return int(np.clip(begin, 0, SHEET_PX)), int(np.clip(end, 0, SHEET_PX))


def _column(value: float | Array) -> Array:
    return np.asarray(value, np.float32).reshape(-1, 1, 1)


def smooth_noise(random: np.random.Generator, cells: int, size: int = SHEET_PX) -> Array:
    """Draw smooth noise from 0 to 1, shape (size, size), with about `cells` blobs across."""
    knots = random.random((cells + 2, cells + 2), np.float32)
    place = np.linspace(0, cells, size, dtype=np.float32)
    whole = np.minimum(place.astype(int), cells)
    part = place - whole
    part = part * part * (3 - 2 * part)
    rows = knots[whole] + (knots[whole + 1] - knots[whole]) * part[:, None]
    noise: Array = rows[:, whole] + (rows[:, whole + 1] - rows[:, whole]) * part[None, :]
    return noise
