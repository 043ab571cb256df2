"""One pixel of an event camera, and a whole array of them advanced from sub-frame to sub-frame.

Between two sub-frames the logarithm of intensity is taken as linear in time, so a pixel's
potential (log intensity since its last reset, plus leak) is linear too, and the time at which it
meets a threshold has a closed form; nothing is stepped. A pixel that fires is held in reset for
the refractory period, and what changes meanwhile is lost to it, as in the circuit.

Shot noise is a Poisson process of its own clock: every pixel knows when it will misfire next, so
noise does not depend on how time is cut into sub-frames. Brightness thins it (a misfire is
accepted with a probability that falls with intensity).

Only additions, multiplications, divisions and integer arithmetic are used, in a fixed order and
with a logarithm of our own, so that results are the same bit for bit on every machine. Potentials
and times are float64: a leak of 0.1 Hz moves a potential by 1e-6 a sub-frame, which float32 would
round by several per cent.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

PIXEL_DTYPE = np.dtype(
    [
        ("potential", "<f8"),
        ("release_us", "<f8"),
        ("misfire_us", "<f8"),
        ("random", "<u8"),
        ("level", "<f4"),
        ("on_threshold", "<f4"),
        ("off_threshold", "<f4"),
        ("leak_per_us", "<f4"),
        ("misfires_per_us", "<f4"),
    ],
    align=True,
)
"""State and character of a pixel.

potential: log intensity since the last reset; release_us: end of the reset in force; misfire_us:
time of the next noise candidate; random: state of the pixel's generator; level: log intensity at
the last sub-frame; on_threshold, off_threshold: both positive, in log intensity; leak_per_us:
drift of the potential; misfires_per_us: rate of noise candidates.
"""

_LN_2 = 0.6931471805599453
_SQRT_2 = 1.4142135623730951
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@inline
def natural_log(value: float) -> float:
    """Return ln(value) of a positive, finite value; absolute error below 1e-9.

    `2 atanh((m - 1) / (m + 1))` as a series, for m in [1/sqrt 2, sqrt 2): the error is the first
    term left out.
    """
    bits = np.float64(value).view(np.int64)
    exponent = ((bits >> 52) & 0x7FF) - 1023
    mantissa = np.int64((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    if mantissa > _SQRT_2:
        mantissa *= 0.5
        exponent += 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    q = s * s
    series = 1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0))))
    return exponent * _LN_2 + 2.0 * s * series


@inline
def draw(state: np.uint64) -> tuple[np.uint64, float]:
    """Step a SplitMix64 generator (Steele, Lea, Flood, 2014): its new state, a number in (0, 1)."""
    state += _GOLDEN
    z = (state ^ (state >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z ^= z >> np.uint64(31)
    return state, (np.float64(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@inline
def draw_wait_us(state: np.uint64, per_us: float) -> tuple[np.uint64, float]:
    """Draw the time to the next event of a Poisson process: the generator's new state, the time."""
    state, chance = draw(state)
    return state, -natural_log(chance) / per_us


@kernel
def prime_pixels(pixels: NDArray[np.void], intensity: NDArray[np.float32], dark: float) -> None:
    """Let every pixel adapt to the first sub-frame.

    Args:
        pixels: Shape (N,), dtype `PIXEL_DTYPE`, row after row; changed in place.
        intensity: Shape (N,), linear, not negative.
        dark: Added to intensity before the logarithm.
    """
    for index in range(pixels.size):
        pixels[index].level = natural_log(np.float64(intensity[index]) + dark)


@kernel
def schedule_misfires(pixels: NDArray[np.void], t_us: float) -> None:
    """Draw each pixel's first noise candidate after `t_us`."""
    for index in range(pixels.size):
        pixel = pixels[index]
        pixel.misfire_us = math.inf
        if pixel.misfires_per_us > 0.0:
            pixel.random, wait_us = draw_wait_us(pixel.random, pixel.misfires_per_us)
            pixel.misfire_us = t_us + wait_us


@kernel
def advance_pixels(
    pixels: NDArray[np.void],
    intensity: NDArray[np.float32],
    dark: float,
    noise_in_light: float,
    refractory_us: float,
    t0_us: int,
    t1_us: int,
    width: int,
    first: int,
    events: NDArray[np.void],
) -> tuple[int, int]:
    """Advance pixels from one sub-frame to the next, in order of rows, and emit their events.

    Args:
        pixels: Shape (N,), dtype `PIXEL_DTYPE`, row after row; changed in place.
        intensity: Shape (N,), linear, of the sub-frame at `t1_us`.
        dark: Added to intensity before the logarithm.
        noise_in_light: Share of the noise that is left at an intensity of 1.
        refractory_us: How long a pixel is held in reset after an event.
        t0_us: Time of the sub-frame before.
        t1_us: Time of this sub-frame.
        width: Pixels in a row.
        first: Number (y * width + x) of the pixel to begin with.
        events: Buffer, shape (M,), `EVENT_DTYPE`.

    Returns:
        Number of events written and the number of the pixel to go on with: N when all are done,
        otherwise the first one whose events did not fit; it was left as it was. Events come
        ordered by pixel, each pixel's by time, with times in [t0_us, t1_us).
    """
    start, end = np.float64(t0_us), np.float64(t1_us)
    span = end - start
    per_span = 1.0 / span
    count = 0
    for index in range(first, pixels.size):
        pixel = pixels[index]
        light = np.float64(intensity[index])
        level = np.float32(natural_log(light + dark))
        slope = np.float64(level - pixel.level) * per_span + pixel.leak_per_us
        on, off = np.float64(pixel.on_threshold), np.float64(pixel.off_threshold)
        potential, release, misfire = pixel.potential, pixel.release_us, pixel.misfire_us
        now = start
        if release <= start and misfire >= end:
            ahead = potential + slope * span
            if -off < ahead < on:
                pixel.potential, pixel.level = ahead, level
                continue
        elif release > start:
            now = min(release, end)
        random = pixel.random
        mark = count
        while now < end:
            while misfire < now:
                random, wait_us = draw_wait_us(random, pixel.misfires_per_us)
                misfire += wait_us
            ahead = potential + slope * (end - now)
            fires = ahead >= on or ahead <= -off
            polarity = ahead >= on
            when = end
            if fires:
                when = min(end, now + ((on if polarity else -off) - potential) / slope)
            if misfire < when:
                random, chance = draw(random)
                random, side = draw(random)
                random, wait_us = draw_wait_us(random, pixel.misfires_per_us)
                polarity, when = side < 0.5, misfire
                misfire += wait_us
                if chance < min(light, 1.0) * (1.0 - noise_in_light):
                    potential += slope * (when - now)
                    now = when
                    continue
            elif not fires:
                potential = ahead
                break
            if count == events.size:
                return mark, index
            event = events[count]
            event.t, event.on = min(np.int64(when), t1_us - 1), polarity
            event.x, event.y = index % width, index // width
            count += 1
            potential, release = 0.0, when + refractory_us
            now = release
        pixel.potential, pixel.level, pixel.release_us = potential, level, release
        pixel.misfire_us, pixel.random = misfire, random
    return count, pixels.size
