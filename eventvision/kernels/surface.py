"""Pictures that fade: latest times per pixel, and exponentially weighted sums of polarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, polarity, row

_NEVER = np.int32(-(2**31))
_FAINTEST = np.float32(-87)
_GONE = np.float32(-np.inf)
_NOISE_FLOOR = np.float32(1e-9)


@kernel
def enter_times(
    words: NDArray[np.uint64], latest: NDArray[np.int32], width: int, pixels: int, origin_us: int
) -> None:
    """Write the time of each event into its pixel, OFF events in plane 0, ON events in plane 1.

    Args:
        words: Events, shape (N, 2).
        latest: Shape (2 * pixels,): microseconds after `origin_us`.
        width: Width of the sensor.
        pixels: Number of pixels.
        origin_us: Time that 0 stands for.
    """
    pitch, plane = np.uint64(width), np.uint64(pixels)
    for i in range(words.shape[0]):
        address = words[i, 1]
        cell = polarity(address) * plane + row(address) * pitch + column(address)
        latest[cell] = np.int32(np.int64(words[i, 0]) - origin_us)


@kernel
def decay_exponents(
    latest: NDArray[np.int32], out: NDArray[np.float32], now_us: int, tau_us: float
) -> None:
    """Write (latest - now) / tau; minus infinity where there is no time or float32 would underflow.

    Args:
        latest: Shape (N,): microseconds after the origin, or `times.NEVER`.
        out: Shape (N,).
        now_us: Present time after the same origin.
        tau_us: Time constant.
    """
    scale = np.float32(1 / tau_us)
    for i in range(latest.size):
        exponent = np.float32(np.int64(latest[i]) - now_us) * scale
        visible = (latest[i] != _NEVER) & (exponent > _FAINTEST)
        out[i] = exponent if visible else _GONE


@kernel
def accumulate(
    words: NDArray[np.uint64],
    state: NDArray[np.float32],
    width: int,
    fade: float,
    now_us: int,
    decay_us: float,
    contribution: float,
) -> None:
    """Let the state fade, then add each event's contribution, faded from its time until now.

    Args:
        words: Events, shape (N, 2).
        state: Shape (pixels,); changed in place.
        width: Width of the sensor.
        fade: Factor for what is in the state.
        now_us: Time at which the state is to be.
        decay_us: Time constant.
        contribution: What an ON event adds and an OFF event takes away at its own time.
    """
    factor = np.float32(fade)
    for pixel in range(state.size):
        value = state[pixel] * factor
        state[pixel] = value if abs(value) > _NOISE_FLOOR else np.float32(0)
    pitch = np.uint64(width)
    time, weight = np.uint64(0), np.float32(0)
    for i in range(words.shape[0]):
        if i == 0 or words[i, 0] != time:
            time = words[i, 0]
            weight = np.float32(contribution * np.exp((np.int64(time) - now_us) / decay_us))
        address = words[i, 1]
        sign = np.float32(2) * np.float32(polarity(address)) - np.float32(1)
        state[row(address) * pitch + column(address)] += sign * weight
