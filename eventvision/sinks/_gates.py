"""Lines and zones drawn over a panel, with what was counted there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Counts, LineCount, ZoneCount

from ._layout import Layout
from ._palette import GROUND, TEXT, mixed
from ._text import BOLD, draw_text, text_width

_SUBPIXEL_BITS = 4
_ARROW_PX = 12
_GATE = mixed(TEXT, GROUND, 0.8)


def draw_counts(panel: NDArray[np.uint8], counts: Counts, layout: Layout) -> None:
    """Draw every line, with an arrow that points forward, and every zone; totals beside them."""
    for zone in counts.zones:
        _draw_zone(panel, zone, layout)
    for line in counts.lines:
        _draw_line(panel, line, layout)


def _draw_line(panel: NDArray[np.uint8], line: LineCount, layout: Layout) -> None:
    (x0, y0), (x1, y1) = line.start, line.end
    _draw_path(panel, (line.start, line.end), layout, is_closed=False)
    middle = (x0 + x1) / 2, (y0 + y1) / 2
    reach = _ARROW_PX * layout.unit / layout.zoom / max(math.hypot(x1 - x0, y1 - y0), 1e-9)
    ahead = middle[0] - reach * (y1 - y0), middle[1] + reach * (x1 - x0)
    for turn in (-0.6, 0.6):
        wing = (
            ahead[0] - 0.5 * reach * (-(y1 - y0) + turn * (x1 - x0)),
            ahead[1] - 0.5 * reach * ((x1 - x0) + turn * (y1 - y0)),
        )
        _draw_path(panel, (ahead, wing), layout, is_closed=False)
    _draw_path(panel, (middle, ahead), layout, is_closed=False)
    _draw_label(panel, f"{line.name} {line.forward} / {line.backward}", middle, layout)


def _draw_zone(panel: NDArray[np.uint8], zone: ZoneCount, layout: Layout) -> None:
    _draw_path(panel, zone.corners, layout, is_closed=True)
    text = f"{zone.name} {zone.inside} of {zone.entered}"
    if zone.dwell_us:
        text += f", {zone.dwell_us / 1e6:.1f} s"
    _draw_label(panel, text, min(zone.corners, key=lambda corner: corner[1]), layout)


def _draw_path(
    panel: NDArray[np.uint8],
    points: Sequence[tuple[float, float]],
    layout: Layout,
    *,
    is_closed: bool,
) -> None:
    import cv2

    scale = layout.zoom * (1 << _SUBPIXEL_BITS)
    cv2.polylines(
        panel,
        [np.rint(np.array(points) * scale).astype(np.int32)],
        isClosed=is_closed,
        color=_GATE,
        thickness=layout.px(1.6),
        lineType=cv2.LINE_AA,
        shift=_SUBPIXEL_BITS,
    )


def _draw_label(
    panel: NDArray[np.uint8], text: str, place: tuple[float, float], layout: Layout
) -> None:
    """Write beside a place, within the panel, on a dark ground."""
    size_px, margin = layout.px(12), layout.px(5)
    width, height = text_width(text, size_px, BOLD) + 2 * margin, layout.px(18)
    left = round(place[0] * layout.zoom) + layout.px(_ARROW_PX + 6)
    top = round(place[1] * layout.zoom) + margin
    left = max(0, min(left, panel.shape[1] - width))
    top = max(0, min(top, panel.shape[0] - height))
    panel[top : top + height, left : left + width] = GROUND
    draw_text(
        panel,
        text,
        left + margin,
        top + height - margin,
        size_px=size_px,
        colour=TEXT,
        weight=BOLD,
    )
