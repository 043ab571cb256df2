"""Where everything lies in a picture: panels in a grid, a title above each, a footer below.

    ┌ title ───┬ title ───┐
    │  panel   │  panel   │
    ├──────────┴──────────┤
    │ footer              │
    └─────────────────────┘

Small sensors are enlarged by a whole factor, so that every pixel is a square of its own; sensors
larger than a screen are shrunk. Widths and heights are even, as video needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import Literal

from eventvision.core import SensorSize

Panel = Literal["events", "image", "mask", "depth"]
PANELS: tuple[Panel, ...] = ("events", "image", "mask", "depth")

_PANEL_WIDTH_PX = 640
_PANEL_MOST_PX = (1920, 1080)
_FRAME_MOST_PX = 2600
_GAP_PX = 4
_UNIT_AT_PX = 1400
_SCREEN, _EMPTY_PLACE = 16 / 9, 0.3


@dataclass(frozen=True, slots=True)
class Layout:
    """Geometry of a picture, all in its own pixels.

    Attributes:
        panels: Names, in reading order.
        zoom: Picture pixels per sensor pixel.
        panel_w: Width of a panel without its title.
        panel_h: Height likewise.
        columns: Panels side by side.
        unit: Size of text and lines, 1 on an ordinary picture.
        width: Width of the whole picture, even.
        height: Height of the whole picture, even.
    """

    panels: tuple[Panel, ...]
    zoom: float
    panel_w: int
    panel_h: int
    columns: int
    unit: float
    width: int
    height: int

    @classmethod
    def fit(cls, sensor: SensorSize, panels: tuple[Panel, ...]) -> Layout:
        """Lay out the panels of a sensor."""
        zoom = _zoom(sensor)
        panel_w, panel_h = max(1, round(sensor.width * zoom)), max(1, round(sensor.height * zoom))
        columns = _columns(len(panels), panel_w, panel_h)
        width = max(_PANEL_WIDTH_PX, columns * (panel_w + _GAP_PX) - _GAP_PX)
        unit = min(2.5, max(1.0, width / _UNIT_AT_PX))
        layout = cls(panels, zoom, panel_w, panel_h, columns, unit, _even(width), 0)
        rows = ceil(len(panels) / columns)
        height = _even(rows * (layout.title_h + panel_h) + layout.footer_h)
        return cls(panels, zoom, panel_w, panel_h, columns, unit, _even(width), height)

    @property
    def title_h(self) -> int:
        """Height of the strip above a panel."""
        return self.px(28)

    @property
    def footer_h(self) -> int:
        """Height of the strip at the bottom."""
        return self.px(50)

    def px(self, length: float) -> int:
        """Scale a length of text or line to this picture."""
        return max(1, round(length * self.unit))

    def origin(self, index: int) -> tuple[int, int]:
        """Return the top-left corner (x, y) of a panel, below its title."""
        row, column = divmod(index, self.columns)
        across = self.columns * (self.panel_w + _GAP_PX) - _GAP_PX
        left = (self.width - across) // 2
        return (
            left + column * (self.panel_w + _GAP_PX),
            row * (self.title_h + self.panel_h) + self.title_h,
        )


def _columns(panels: int, width: int, height: int) -> int:
    """Return how many columns make the picture most like a screen, of those that fit its width."""
    most = min(panels, max(1, _FRAME_MOST_PX // (width + _GAP_PX)))

    def unlikeness(columns: int) -> float:
        shape = columns * (width + _GAP_PX) / (ceil(panels / columns) * (height + _GAP_PX))
        return abs(log(shape / _SCREEN)) + _EMPTY_PLACE * (-panels % columns)

    return min(range(most, 0, -1), key=unlikeness)


def _zoom(sensor: SensorSize) -> float:
    most_w, most_h = _PANEL_MOST_PX
    if sensor.width > most_w or sensor.height > most_h:
        return min(most_w / sensor.width, most_h / sensor.height)
    return max(1, min(ceil(_PANEL_WIDTH_PX / sensor.width), most_h // sensor.height))


def _even(length: int) -> int:
    return length + length % 2
