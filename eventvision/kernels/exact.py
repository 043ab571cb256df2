"""Logarithm, exponential and chance, the same on every machine, bit for bit.

Maths libraries round their last bits as they like. Here only additions, multiplications, divisions
and integer arithmetic are used, in a fixed order; all of them are exact to the bit by IEEE 754.
"""

from __future__ import annotations

import numpy as np

from ._jit import inline

_LN_2 = 0.6931471805599453
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BELL_SCALE = 1.7320508075688772 / 65536.0  # four uniform numbers, brought to a deviation of 1


@inline
def natural_log(value: float) -> float:
    """Return ln(value) of a positive, finite value; absolute error below 1e-9.

    `2 atanh((m - 1) / (m + 1))` as a series, for m in [1/sqrt 2, sqrt 2): the error is the first
    term left out. Free of branches, so that loops over it become vector instructions;
    `np.divide` does not check its divisor, as `/` would.
    """
    bits = np.float64(value).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    mantissa = np.int64(bits - (exponent << 52)).view(np.float64)
    s: float = np.divide(mantissa - 1.0, mantissa + 1.0)
    q = s * s
    tail = 1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0))
    series = 1.0 + q * (1.0 / 3.0 + q * (0.2 + q * tail))
    return exponent * _LN_2 + 2.0 * s * series


@inline
def decayed(time: float) -> float:
    """Return exp(-time) of a time that is not negative; relative error below 1e-12.

    A power of two and the Taylor series of what is left, which lies within +-0.35. After a time of
    700 nothing decays any further.
    """
    held = min(time, 700.0)
    halvings = np.int64(held * (1.0 / _LN_2) + 0.5)
    r = halvings * _LN_2 - held
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0))
    middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    high = (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0)
    power = np.int64((1023 - halvings) << 52).view(np.float64)
    return power * (low + r4 * (middle + r4 * high))


@inline
def draw(state: np.uint64) -> tuple[np.uint64, float]:
    """Step a SplitMix64 generator (Steele, Lea, Flood, 2014): its new state, a number in (0, 1)."""
    state, z = _step(state)
    return state, (np.float64(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@inline
def draw_bell(state: np.uint64) -> tuple[np.uint64, float]:
    """Step the generator: its new state, and a number of mean 0 and deviation 1 within +-3.47.

    The sum of four uniform numbers is close to normal and has no tails.
    """
    state, z = _step(state)
    mask = np.uint64(0xFFFF)
    total = (
        (z & mask)
        + ((z >> np.uint64(16)) & mask)
        + ((z >> np.uint64(32)) & mask)
        + (z >> np.uint64(48))
    )
    return state, (np.float64(total) - 131070.0) * _BELL_SCALE


@inline
def draw_wait_us(state: np.uint64, per_us: float) -> tuple[np.uint64, float]:
    """Draw the time to the next event of a Poisson process: the generator's new state, the time."""
    state, chance = draw(state)
    return state, -natural_log(chance) / per_us


@inline
def _step(state: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the generator's new state and 64 random bits."""
    state += _GOLDEN
    z = (state ^ (state >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return state, z ^ (z >> np.uint64(31))
