"""Where the sensor lies in a view, and back."""

from __future__ import annotations

from dataclasses import dataclass

from eventvision.core import SensorSize

from .state import Viewport


@dataclass(frozen=True, slots=True)
class Mapping:
    """Maps pixels of the sensor to those of a view.

    Attributes:
        scale: Size of a sensor pixel in the view.
        left: Where the sensor's left edge is in the view.
        top: Where its top edge is.
        width: Width of the sensor in the view.
        height: Its height there.
    """

    scale: float
    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, sensor: SensorSize, width: float, height: float, viewport: Viewport) -> Mapping:
        """Fit a sensor into a view of that size, enlarged and moved as the viewport says."""
        scale = min(width / sensor.width, height / sensor.height) * viewport.zoom
        left = width / 2 - viewport.x * sensor.width * scale
        top = height / 2 - viewport.y * sensor.height * scale
        return cls(scale, left, top, sensor.width * scale, sensor.height * scale)

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place on the sensor is in the view."""
        return self.left + x * self.scale, self.top + y * self.scale

    def to_sensor(self, x: float, y: float) -> tuple[float, float]:
        """Return which place on the sensor is at a place in the view."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale


def zoomed(
    sensor: SensorSize, size: tuple[float, float], viewport: Viewport, factor: float,
    at: tuple[float, float],
) -> Viewport:  # fmt: skip
    """Return a viewport enlarged by a factor around a place in the view, which stays there.

    Args:
        sensor: Size of the pixel array.
        size: Width and height of the view.
        viewport: Before.
        factor: How much larger; below 1 smaller.
        at: The place.
    """
    mapping = Mapping.of(sensor, *size, viewport)
    x, y = mapping.to_sensor(*at)
    zoom = max(1.0, viewport.zoom * factor)
    scale = mapping.scale * zoom / viewport.zoom
    return Viewport(
        x=(x + (size[0] / 2 - at[0]) / scale) / sensor.width,
        y=(y + (size[1] / 2 - at[1]) / scale) / sensor.height,
        zoom=zoom,
    )


def moved(
    sensor: SensorSize, size: tuple[float, float], viewport: Viewport, by: tuple[float, float]
) -> Viewport:
    """Return a viewport after the sensor was dragged by so much in the view."""
    scale = Mapping.of(sensor, *size, viewport).scale
    return Viewport(
        x=viewport.x - by[0] / scale / sensor.width,
        y=viewport.y - by[1] / scale / sensor.height,
        zoom=viewport.zoom,
    )
