"""Kalman filter of boxes that move at constant velocity, many at once.

State: centre x, y; width, height in pixels; velocity vx, vy in pixels per second. Measured: the
first four. Process noise is white acceleration of the centre and a random walk of the size; both
are densities over time, so that steps of any length agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SPEED = [4, 5]
_PLACE = [0, 1]
_SIZE = [2, 3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Motion:
    """How boxes may move and how well they are measured.

    Attributes:
        acceleration_px_s2: Standard deviation of the acceleration over a tenth of a second.
        size_px_s: Standard deviation by which a side changes in a second.
        start_speed_px_s: Standard deviation of the velocity of a new box.
        place_noise: Standard deviation of a measured centre, as a share of the box's side.
        size_noise: The same of a measured side.
        least_noise_px: Added to both.
    """

    acceleration_px_s2: float = 3_000.0
    size_px_s: float = 80.0
    start_speed_px_s: float = 1_000.0
    place_noise: float = 0.05
    size_noise: float = 0.1
    least_noise_px: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


def start(boxes: Array, motion: Motion) -> tuple[Array, Array]:
    """Return means (N, 6) and covariances (N, 6, 6) of boxes (N, 4) first seen now, at rest."""
    means = np.hstack([measured(boxes), np.zeros((len(boxes), 2))])
    covariances = np.zeros((len(boxes), 6, 6))
    covariances[:, range(4), range(4)] = _noise(boxes, motion)
    covariances[:, _SPEED, _SPEED] = motion.start_speed_px_s**2
    return means, covariances


def measured(boxes: Array) -> Array:
    """Turn boxes x, y, w, h into centre and size, shape (N, 4)."""
    return np.hstack([boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:]])


def boxes_of(means: Array) -> Array:
    """Turn states into boxes x, y, w, h, shape (N, 4)."""
    return np.hstack([means[:, :2] - means[:, 2:4] / 2, means[:, 2:4]])


def predict(
    means: Array, covariances: Array, motion: Motion, *, dt_s: float, halting_hz: Array
) -> tuple[Array, Array]:
    """Move boxes on by `dt_s`.

    Args:
        means: Shape (N, 6).
        covariances: Shape (N, 6, 6).
        motion: Noise densities.
        dt_s: Seconds to go.
        halting_hz: Shape (N,): rate at which the velocity dies away, 0 where it does not.
    """
    kept = np.exp(-dt_s * halting_hz)
    way = np.where(halting_hz > 0, (1.0 - kept) / np.maximum(halting_hz, 1e-9), dt_s)
    step = np.tile(np.eye(6), (len(means), 1, 1))
    step[:, _PLACE, _SPEED] = way[:, None]
    step[:, _SPEED, _SPEED] = kept[:, None]
    means = np.einsum("nij,nj->ni", step, means)
    covariances = step @ covariances @ step.transpose(0, 2, 1)
    return means, covariances + _process_noise(motion, dt_s)


def _process_noise(motion: Motion, dt_s: float) -> Array:
    density = 0.1 * motion.acceleration_px_s2**2
    noise = np.zeros((6, 6))
    noise[_PLACE, _PLACE] = density * dt_s**3 / 3
    noise[_PLACE, _SPEED] = noise[_SPEED, _PLACE] = density * dt_s**2 / 2
    noise[_SPEED, _SPEED] = density * dt_s
    noise[_SIZE, _SIZE] = motion.size_px_s**2 * dt_s
    return noise


def _noise(boxes: Array, motion: Motion) -> Array:
    """Return the variance of each measured number, shape (N, 4)."""
    place = motion.place_noise * boxes[:, 2:] + motion.least_noise_px
    size = motion.size_noise * boxes[:, 2:] + motion.least_noise_px
    return np.hstack([place, size]) ** 2


def update(
    means: Array, covariances: Array, boxes: Array, motion: Motion, *, doubt: Array
) -> tuple[Array, Array]:
    """Correct states (N, 6) by measured boxes (N, 4), whose noise is multiplied by `doubt` (N,)."""
    observed = covariances[:, :, :4]
    spread = covariances[:, :4, :4].copy()
    spread[:, range(4), range(4)] += _noise(boxes, motion) * doubt[:, None] ** 2
    gain = np.linalg.solve(spread, observed.transpose(0, 2, 1)).transpose(0, 2, 1)
    surprise = measured(boxes) - means[:, :4]
    means = means + np.einsum("nij,nj->ni", gain, surprise)
    covariances = covariances - gain @ observed.transpose(0, 2, 1)
    means[:, 2:4] = np.maximum(means[:, 2:4], 1.0)
    return means, (covariances + covariances.transpose(0, 2, 1)) / 2
