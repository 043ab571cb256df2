"""Pictures that fade: latest times per pixel, and exponentially weighted sums of polarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import SIGNS, on, pixel

_FAINTEST = np.float32(-87)
_GONE = np.float32(-np.inf)
_NOISE_FLOOR = np.float32(1e-9)


@kernel
def enter_times(
    words: NDArray[np.uint64],
    latest: NDArray[np.signedinteger],
    width: int,
    pixels: int,
    origin_us: int,
) -> None:
    """Write the time of each event into its pixel, OFF events in plane 0, ON events in plane 1.

    Args:
        words: Events, shape (2 * N,).
        latest: Shape (2 * pixels,): microseconds after `origin_us`.
        width: Width of the sensor.
        pixels: Number of pixels.
        origin_us: Time that 0 stands for.
    """
    plane = np.uint64(pixels)
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        cell = pixel(address, np.uint32(width)) + on(address) * plane
        latest[cell] = np.int64(words[2 * i]) - origin_us


@kernel
def decay_exponents(
    latest: NDArray[np.signedinteger],
    out: NDArray[np.float32],
    never: int,
    now_us: int,
    tau_us: float,
) -> None:
    """Write (latest - now) / tau; minus infinity where there is no time or float32 would underflow.

    Args:
        latest: Shape (N,): microseconds after the origin.
        out: Shape (N,).
        never: Content of a cell that has no time.
        now_us: Present time after the same origin.
        tau_us: Time constant.
    """
    scale = np.float32(1 / tau_us)
    for i in range(latest.size):
        time = np.int64(latest[i])
        exponent = np.float32(time - now_us) * scale
        out[i] = exponent if (time != never) & (exponent > _FAINTEST) else _GONE


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
        words: Events, shape (2 * N,).
        state: Shape (pixels,); changed in place.
        width: Width of the sensor.
        fade: Factor for what is in the state.
        now_us: Time at which the state is to be.
        decay_us: Time constant.
        contribution: What an ON event adds and an OFF event takes away at its own time.
    """
    factor = np.float32(fade)
    for cell in range(state.size):
        value = state[cell] * factor
        state[cell] = value if abs(value) > _NOISE_FLOOR else np.float32(0)
    time, weight = np.uint64(0), np.float32(0)
    for i in range(words.size // 2):
        if i == 0 or words[2 * i] != time:
            time = words[2 * i]
            weight = np.float32(contribution * np.exp((np.int64(time) - now_us) / decay_us))
        address = words[2 * i + 1]
        state[pixel(address, np.uint32(width))] += SIGNS[on(address)] * weight
