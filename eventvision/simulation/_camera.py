"""An event camera: sub-frames of intensity in, events out, on the exact path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, SensorSize
from eventvision.kernels.dvs import fire_pixels, prime_pixels, schedule_misfires, settle_pixels
from eventvision.kernels.words import joined

from ._model import PixelModel
from ._pixels import common_law, draw_pixels
from ._readout import Readout


class EventCamera:
    """Turns intensity over time into events.

    Any source of images will do (a scene, a video): show them in order with `expose`. Between two
    of them log intensity is taken as linear in time. The same model, seed and images give the same
    events, bit for bit.
    """

    def __init__(self, sensor: SensorSize, model: PixelModel, *, seed: int = 0) -> None:
        self.sensor = sensor
        self.model = model
        self._pixels = draw_pixels(sensor, model, np.random.default_rng(seed))
        self._law = common_law(model)
        self._readout = Readout(sensor, model, seed=seed)
        self._first_us: int | None = None
        self._seen_us = 0
        self._levels = np.empty(sensor.pixels, np.float32)
        self._active = np.empty(sensor.pixels, np.int32)
        self._buffer = np.empty(1 << 16, EVENT_DTYPE)

    @property
    def lost_events(self) -> int:
        """Events lost so far because their pixel still waited for the bus."""
        return self._readout.lost

    def expose(self, t_us: int, intensity: NDArray[np.float32]) -> Events:
        """Show the next image and return the events since the one before.

        Args:
            t_us: Time of the image, after that of the one before.
            intensity: float32, shape (height, width), linear, 0 black to 1 white (more is allowed).

        Returns:
            Events of `[previous t_us, t_us)`, ordered by time, then by row and column, or as the
            bus reads them. Those that are still on their way come with the next images. None for
            the first image, to which the pixels adapt.

        Raises:
            ValueError: If the image has another size or type, holds negative or infinite values,
                or does not come after the one before.
        """
        light = self._checked(intensity)
        if self._first_us is None:
            self._first_us = t_us
            prime_pixels(self._pixels, light, self.model.dark)
            schedule_misfires(self._pixels, 0.0)
            return Events.empty(self.sensor)
        t0_us, t1_us = self._seen_us, t_us - self._first_us
        if t1_us <= t0_us:
            raise ValueError(
                f"image at {t_us} us does not come after the one at {self._first_us + t0_us} us"
            )
        parts = self._advance(light, t0_us, t1_us)
        fired = parts[0] if len(parts) == 1 else joined(parts)
        events = self._readout.read(fired, t0_us, t1_us)
        events["t"] += self._first_us
        self._seen_us = t1_us
        return Events(events, self.sensor)

    def _advance(
        self, light: NDArray[np.float32], t0_us: int, t1_us: int
    ) -> list[NDArray[np.void]]:
        """Settle most pixels, and let the others fire, enlarging the buffer where need be.

        Times count from the first image: clocks that show years would cost float64 its fractions
        of a microsecond.
        """
        left = settle_pixels(
            self._pixels, light, self._law, t0_us, t1_us, self._levels, self._active
        )
        parts, first = [], 0
        while first < left:
            count, done = fire_pixels(
                self._pixels,
                light,
                self._levels,
                self._law,
                t0_us,
                t1_us,
                self.sensor.width,
                self._active[first:left],
                self._buffer,
            )
            parts.append(self._buffer[:count])
            first += done
            if first < left:
                self._buffer = np.empty(2 * self._buffer.size, EVENT_DTYPE)
        return parts or [self._buffer[:0]]

    def _checked(self, intensity: NDArray[np.float32]) -> NDArray[np.float32]:
        if intensity.shape != self.sensor.shape or intensity.dtype != np.float32:
            raise ValueError(
                f"an image for {self.sensor} is float32 of shape {self.sensor.shape}, "
                f"got {intensity.dtype} of shape {intensity.shape}"
            )
        if not (intensity.min() >= 0 and intensity.max() < np.inf):
            raise ValueError("intensity must be finite and not negative")
        return np.ascontiguousarray(intensity).reshape(-1)
