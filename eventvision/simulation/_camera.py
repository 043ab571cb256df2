"""An event camera: sub-frames of intensity in, events out, on the exact path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, SensorSize
from eventvision.kernels.dvs import PIXEL_DTYPE, advance_pixels, prime_pixels, schedule_misfires

from ._model import PixelModel

_RADIX_SPAN_US = 1 << 16
_LEAST_THRESHOLD_SHARE = 0.1


class EventCamera:
    """Turns intensity over time into events.

    Any source of images will do (a scene, a video): show them in order with `expose`. Between two
    of them log intensity is taken as linear in time. The same model, seed and images give the same
    events, bit for bit.
    """

    def __init__(self, sensor: SensorSize, model: PixelModel, *, seed: int = 0) -> None:
        self.sensor = sensor
        self.model = model
        self._pixels = _make_pixels(sensor, model, np.random.default_rng(seed))
        self._first_us: int | None = None
        self._seen_us = 0
        self._buffer = np.empty(1 << 16, EVENT_DTYPE)

    def expose(self, t_us: int, intensity: NDArray[np.float32]) -> Events:
        """Show the next image and return the events since the one before.

        Args:
            t_us: Time of the image, after that of the one before.
            intensity: float32, shape (height, width), linear, 0 black to 1 white (more is allowed).

        Returns:
            Events of `[previous t_us, t_us)`, ordered by time, then by row and column. None for
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
        events = parts[0] if len(parts) == 1 else np.concatenate(parts)
        ordered = events[_order(events["t"] - t0_us, t1_us - t0_us)]
        ordered["t"] += self._first_us
        self._seen_us = t1_us
        return Events(ordered, self.sensor)

    def _advance(
        self, light: NDArray[np.float32], t0_us: int, t1_us: int
    ) -> list[NDArray[np.void]]:
        """Run the kernel until all pixels are done, enlarging the buffer where need be.

        Times count from the first image: clocks that show years would cost float64 its fractions
        of a microsecond.
        """
        parts, first = [], 0
        while first < self._pixels.size:
            count, stopped = advance_pixels(
                self._pixels,
                light,
                self.model.dark,
                self.model.shot_noise_in_light,
                self.model.refractory_us,
                t0_us,
                t1_us,
                self.sensor.width,
                first,
                self._buffer,
            )
            parts.append(self._buffer[:count])
            if stopped < self._pixels.size:
                self._buffer = np.empty(2 * self._buffer.size, EVENT_DTYPE)
            first = stopped
        return parts

    def _checked(self, intensity: NDArray[np.float32]) -> NDArray[np.float32]:
        if intensity.shape != self.sensor.shape or intensity.dtype != np.float32:
            raise ValueError(
                f"an image for {self.sensor} is float32 of shape {self.sensor.shape}, "
                f"got {intensity.dtype} of shape {intensity.shape}"
            )
        if not (intensity.min() >= 0 and intensity.max() < np.inf):
            raise ValueError("intensity must be finite and not negative")
        return np.ascontiguousarray(intensity).reshape(-1)


def _order(offset_us: NDArray[np.int64], span_us: int) -> NDArray[np.intp]:
    """Return the stable order of times; numpy sorts 16-bit integers by radix, five times faster."""
    if span_us <= _RADIX_SPAN_US:
        return np.argsort(offset_us.astype(np.uint16), kind="stable")
    return np.argsort(offset_us, kind="stable")


def _make_pixels(
    sensor: SensorSize, model: PixelModel, random: np.random.Generator
) -> NDArray[np.void]:
    """Draw the character of every pixel; order of draws is part of the format of a seed.

    What is drawn is stored as float32, so that last-bit differences between maths libraries do not
    reach it.
    """
    count = sensor.pixels
    pixels = np.zeros(count, PIXEL_DTYPE)
    on, off = (
        threshold
        * np.maximum(1 + model.mismatch * random.standard_normal(count), _LEAST_THRESHOLD_SHARE)
        for threshold in (model.on_threshold, model.off_threshold)
    )
    leak_hz = model.leak_hz * (1 + model.leak_mismatch * random.standard_normal(count))
    hot = random.random(count) < model.hot_pixel_share
    leak_hz[hot] = model.hot_pixel_hz * (0.1 + 1.8 * random.random(count)[hot])
    start = model.start_spread * random.random(count).astype(np.float32)
    pixels["random"] = random.integers(0, 1 << 64, count, np.uint64)
    pixels["on_threshold"], pixels["off_threshold"] = on, off
    pixels["leak_per_us"] = np.maximum(leak_hz, 0) * on * 1e-6
    pixels["misfires_per_us"] = model.shot_noise_hz * 1e-6
    below, above = pixels["off_threshold"], pixels["on_threshold"]
    pixels["potential"] = start * (above + below) - model.start_spread * below
    return pixels
