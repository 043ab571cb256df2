"""The pixels of an event camera, advanced from sub-frame to sub-frame.

Between two sub-frames the logarithm of intensity is taken as linear in time. The photoreceptor and
the source follower behind it are low-pass filters of first order, whose answer to such a ramp has a
closed form: a ramp that lags, and a transient that decays. A pixel whose answer cannot meet a
threshold before the next sub-frame is done in one step; most are, and many are settled at a time
with vector instructions. The others are followed along straight stretches, short where the answer
bends, so that it is missed by 3 % of a threshold at most. Along a stretch the potential
(level since the last reset, plus leak) is linear, and the time at which it meets a threshold has a
closed form too. A pixel that fires is held in reset for the refractory period, and what changes
meanwhile is lost to it, as in the circuit.

Shot noise is a Poisson process of its own clock: every pixel knows when it will misfire next, so
noise does not depend on how time is cut into sub-frames. Brightness thins it (a misfire is
accepted with a probability that falls with intensity).

Results are the same bit for bit on every machine (see `exact.py`). Potentials and times are
float64: a leak of 0.1 Hz moves a potential by 1e-6 a sub-frame, which float32 would round by
several per cent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .exact import decayed, draw, draw_bell, draw_wait_us, natural_log


class Pixels(NamedTuple):
    """State and character of an array of pixels, row after row; every array has shape (N,).

    Attributes:
        potential: float64: change of the filtered level since the last reset.
        release_us: float64: end of the reset in force.
        misfire_us: float64: time of the next noise candidate.
        random: uint64: state of the pixel's generator.
        level: float32: log intensity at the last sub-frame.
        received: float32: what the photoreceptor made of it.
        followed: float32: what the source follower made of that.
        on_threshold: float32: positive, in log intensity.
        off_threshold: float32: likewise.
        leak_per_us: float32: drift of the potential.
        misfires_per_us: float32: rate of noise candidates.
    """

    potential: NDArray[np.float64]
    release_us: NDArray[np.float64]
    misfire_us: NDArray[np.float64]
    random: NDArray[np.uint64]
    level: NDArray[np.float32]
    received: NDArray[np.float32]
    followed: NDArray[np.float32]
    on_threshold: NDArray[np.float32]
    off_threshold: NDArray[np.float32]
    leak_per_us: NDArray[np.float32]
    misfires_per_us: NDArray[np.float32]


LAW_DTYPE = np.dtype(
    [
        ("dark", "<f8"),
        ("noise_in_light", "<f8"),
        ("noise_on_share", "<f8"),
        ("refractory_us", "<f8"),
        ("reset_noise", "<f8"),
        ("corner_per_us", "<f8"),
        ("corner_in_dark", "<f8"),
        ("follower_per_us", "<f8"),
    ],
    align=True,
)
"""What all pixels share.

dark: added to intensity before the logarithm; noise_in_light: share of the noise that is left at an
intensity of 1; noise_on_share: how much of it is ON; refractory_us: how long a pixel is held in
reset after an event; reset_noise: deviation of the potential after a reset, as a share of the ON
threshold; corner_per_us: angular corner frequency of the photoreceptor at an intensity of 1, to
which it is proportional; corner_in_dark: the least share of it; follower_per_us: angular corner
frequency of the source follower. A frequency of 0 stands for none, a filter that is not there.
"""

_BLOCK = 512
"""Pixels that are settled at a time: their temporary arrays stay in the first cache."""

_BEND = 0.03
"""By how much of a threshold a straight stretch may miss the curve."""

_MOST_STRETCHES = 1000
"""Into how many a sub-frame is cut at most, however bright and thus fast a pixel is."""


@kernel
def prime_pixels(pixels: Pixels, intensity: NDArray[np.float32], dark: float) -> None:
    """Let every pixel adapt to the first sub-frame.

    Args:
        pixels: Changed in place.
        intensity: Shape (N,), linear, not negative.
        dark: Added to intensity before the logarithm.
    """
    for index in range(intensity.size):
        level = natural_log(np.float64(intensity[index]) + dark)
        pixels.level[index] = pixels.received[index] = pixels.followed[index] = level


@kernel
def schedule_misfires(pixels: Pixels, t_us: float) -> None:
    """Draw each pixel's first noise candidate after `t_us`."""
    for index in range(pixels.random.size):
        per_us = np.float64(pixels.misfires_per_us[index])
        pixels.misfire_us[index] = math.inf
        if per_us > 0.0:
            pixels.random[index], wait_us = draw_wait_us(pixels.random[index], per_us)
            pixels.misfire_us[index] = t_us + wait_us


@kernel
def settle_pixels(
    pixels: Pixels,
    intensity: NDArray[np.float32],
    law: NDArray[np.void],
    t0_us: int,
    t1_us: int,
    levels: NDArray[np.float32],
    active: NDArray[np.int32],
) -> int:
    """Advance the pixels that cannot fire before the next sub-frame, and say which are left.

    A low-pass filter never leaves the range of what it is given and what it holds; that tells it.

    Args:
        pixels: Changed in place where a pixel is done.
        intensity: Shape (N,), linear, of the sub-frame at `t1_us`.
        law: Shape (1,), dtype `LAW_DTYPE`.
        t0_us: Time of the sub-frame before.
        t1_us: Time of this sub-frame.
        levels: Shape (N,): takes log intensity of this sub-frame.
        active: Shape (N,): takes the numbers of the pixels that are left, ascending.

    Returns:
        How many are left.
    """
    dark, full_corner = law[0].dark, law[0].corner_per_us
    least_share, follower = law[0].corner_in_dark, law[0].follower_per_us
    start, end = np.float64(t0_us), np.float64(t1_us)
    span = end - start
    then_of, last_of = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    is_left = np.empty(_BLOCK, np.bool_)
    count = 0
    for base in range(0, intensity.size, _BLOCK):
        # Views that are indexed from 0 become vector instructions, offsets do not.
        block = slice(base, min(base + _BLOCK, intensity.size))
        light, next_level, level = intensity[block], levels[block], pixels.level[block]
        received, followed = pixels.received[block], pixels.followed[block]
        size = light.size
        then, last = then_of[:size], last_of[:size]
        for i in range(size):
            next_level[i] = natural_log(np.float64(light[i]) + dark)
        if full_corner > 0.0:
            for i in range(size):
                corner = full_corner * max(np.float64(light[i]), least_share)
                then[i] = low_pass(received[i], level[i], next_level[i], corner, span)
        else:
            then[:] = next_level
        if follower > 0.0:
            for i in range(size):
                last[i] = low_pass(followed[i], received[i], then[i], follower, span)
        else:
            last[:] = then
        potential, leak_per_us = pixels.potential[block], pixels.leak_per_us[block]
        on_threshold, off_threshold = pixels.on_threshold[block], pixels.off_threshold[block]
        release_us, misfire_us = pixels.release_us[block], pixels.misfire_us[block]
        for i in range(size):
            at = np.float64(followed[i])
            highest = np.float64(max(level[i], next_level[i], received[i], followed[i])) - at
            lowest = np.float64(min(level[i], next_level[i], received[i], followed[i])) - at
            leaked = leak_per_us[i] * span
            is_left[i] = (
                (release_us[i] > start)
                | (misfire_us[i] < end)
                | (potential[i] + highest + max(leaked, 0.0) >= on_threshold[i])
                | (potential[i] + lowest + min(leaked, 0.0) <= -off_threshold[i])
            )
        for i in range(size):
            active[count] = base + i
            count += is_left[i]
        for i in range(size):
            moved = (np.float64(last[i]) - followed[i]) + leak_per_us[i] * span
            potential[i] += 0.0 if is_left[i] else moved
            followed[i] = followed[i] if is_left[i] else last[i]
            received[i] = received[i] if is_left[i] else then[i]
            level[i] = level[i] if is_left[i] else next_level[i]
    return count


@kernel
def fire_pixels(
    pixels: Pixels,
    intensity: NDArray[np.float32],
    levels: NDArray[np.float32],
    law: NDArray[np.void],
    t0_us: int,
    t1_us: int,
    width: int,
    active: NDArray[np.int32],
    events: NDArray[np.void],
) -> tuple[int, int]:
    """Advance the pixels that `settle_pixels` left, one after the other, and emit their events.

    Args:
        pixels: Changed in place.
        intensity: Shape (N,), linear, of the sub-frame at `t1_us`.
        levels: Shape (N,): log intensity of the same.
        law: Shape (1,), dtype `LAW_DTYPE`.
        t0_us: Time of the sub-frame before.
        t1_us: Time of this sub-frame.
        width: Pixels in a row.
        active: Shape (M,): numbers (y * width + x) of the pixels to advance.
        events: Buffer, `EVENT_DTYPE`.

    Returns:
        Number of events written, and how many of the pixels are done: M, or less if the events of
        the next one did not fit; that one was left as it was. Events come ordered by pixel, each
        pixel's by time, with times in [t0_us, t1_us).
    """
    dark_share, full_corner = law[0].corner_in_dark, law[0].corner_per_us
    follower, refractory_us = law[0].follower_per_us, law[0].refractory_us
    noise_in_light, noise_on_share = law[0].noise_in_light, law[0].noise_on_share
    reset_noise = law[0].reset_noise
    start, end = np.float64(t0_us), np.float64(t1_us)
    shortest = (end - start) / _MOST_STRETCHES
    count = 0
    for place in range(active.size):
        index = active[place]
        light, level = float(intensity[index]), float(levels[index])
        here, received = float(pixels.level[index]), float(pixels.received[index])
        followed, drift = float(pixels.followed[index]), float(pixels.leak_per_us[index])
        on, off = float(pixels.on_threshold[index]), float(pixels.off_threshold[index])
        potential, release = pixels.potential[index], pixels.release_us[index]
        misfire, random = pixels.misfire_us[index], pixels.random[index]
        misfires_per_us = float(pixels.misfires_per_us[index])
        corner, bend = full_corner * max(light, dark_share), _BEND * min(on, off)
        slope = np.divide(level - here, end - start)
        mark, now = count, start
        while now < end:
            # While a pixel is held in reset, the path does not matter, only where it leads.
            reach = _straight_us(slope, here, received, followed, corner, follower, bend)
            reach = max(reach, release - now, shortest)
            stop, there = now + reach, here + slope * reach
            if stop >= end:
                stop, there = end, level
            reach = stop - now
            then = low_pass(received, here, there, corner, reach) if corner > 0.0 else there
            after = low_pass(followed, received, then, follower, reach) if follower > 0.0 else then
            rise = np.divide(after - followed, reach) + drift
            now, here, received, followed = min(max(now, release), stop), there, then, after
            while now < stop:
                while misfire < now:
                    random, wait_us = draw_wait_us(random, misfires_per_us)
                    misfire += wait_us
                ahead = potential + rise * (stop - now)
                fires = ahead >= on or ahead <= -off
                polarity = ahead >= on
                when = stop
                if fires:
                    when = min(stop, now + np.divide((on if polarity else -off) - potential, rise))
                if misfire < when:
                    random, chance = draw(random)
                    random, side = draw(random)
                    random, wait_us = draw_wait_us(random, misfires_per_us)
                    polarity, when = side < noise_on_share, misfire
                    misfire += wait_us
                    if chance < min(light, 1.0) * (1.0 - noise_in_light):
                        potential += rise * (when - now)
                        now = when
                        continue
                elif not fires:
                    potential = ahead
                    break
                if count == events.size:
                    return mark, place
                event = events[count]
                event.t, event.on = min(np.int64(when), t1_us - 1), polarity
                event.x, event.y = index % width, index // width
                count += 1
                potential, release = 0.0, when + refractory_us
                if reset_noise > 0.0:
                    random, deviation = draw_bell(random)
                    potential = reset_noise * on * deviation
                now = release
            now = stop
        pixels.level[index], pixels.received[index] = level, received
        pixels.followed[index], pixels.potential[index] = followed, potential
        pixels.release_us[index], pixels.misfire_us[index] = release, misfire
        pixels.random[index] = random
    return count, active.size


@inline
def low_pass(value: float, start: float, end: float, corner: float, span: float) -> float:
    """Return where a filter of first order that is at `value` is after a ramp of its input.

    Args:
        value: Where it is.
        start: Input now.
        end: Input at the end.
        corner: Angular corner frequency, above 0.
        span: How long the ramp takes, above 0.
    """
    lag: float = np.divide(np.float64(end) - start, corner * span)
    return end - lag + (value - start + lag) * decayed(corner * span)


@inline
def _straight_us(
    slope: float,
    level: float,
    received: float,
    followed: float,
    corner: float,
    follower: float,
    bend: float,
) -> float:
    """Return for how long the filters' answers differ by less than `bend` from straight lines.

    A transient of amplitude b leaves the straight line between two of its points, h apart, by
    b (corner h)^2 / 8 and by b at most.
    """
    reach = math.inf
    speed = slope
    if corner > 0.0:
        amplitude = abs(received - level + slope / corner)
        speed = corner * (level - received)
        if amplitude > bend:
            reach = math.sqrt(8.0 * bend / amplitude) / corner
    if follower > 0.0:
        amplitude = abs(followed - received + speed / follower)
        if amplitude > bend:
            reach = min(reach, math.sqrt(8.0 * bend / amplitude) / follower)
    return reach
