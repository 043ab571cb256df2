"""The unit of times that come without one.

Evidence is used in this order. A fraction means seconds: sensors tick in whole microseconds.
Whole numbers beyond 1e17 are nanoseconds since 1970. Ticks that all lie a multiple of 1000 apart
and are seldom shared by two events are nanoseconds from a microsecond clock. More than 2000
events per second and pixel, which no sensor delivers for long, means that the ticks are
milliseconds. Everything else is microseconds.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

TimeUnit = Literal["s", "ms", "us", "ns"]
"""Unit of the times in a file."""

TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)

US_EXPONENT: dict[TimeUnit, int] = {"s": 6, "ms": 3, "us": 0, "ns": -3}
"""Power of ten by which times are multiplied to give microseconds."""

_EPOCH_NS = 10**17
_MOST_HZ_PER_PIXEL = 2_000
_FEWEST_TICKS = 10


def guess_time_unit(times: NDArray[Any], pixels: int) -> TimeUnit:
    """Return the most likely unit of the times at the start of a recording.

    Args:
        times: Shape (N,), in the order of the file; int64 keeps large values exact.
        pixels: Number of pixels that the events spread over.
    """
    finite = times[np.isfinite(times)]
    if np.any(finite != np.rint(finite)):
        return "s"
    ticks = np.unique(finite)
    if ticks.size and ticks[-1] > _EPOCH_NS:
        return "ns"
    if ticks.size < _FEWEST_TICKS:
        return "us"
    if np.all((ticks - ticks[0]) % 1000 == 0) and finite.size < 2 * ticks.size:
        return "ns"
    per_s = finite.size / (float(ticks[-1]) - float(ticks[0])) * 1e6
    return "ms" if per_s > _MOST_HZ_PER_PIXEL * pixels else "us"


def to_us(times: NDArray[Any], unit: TimeUnit) -> NDArray[np.int64]:
    """Convert times to whole microseconds, rounded to the nearest.

    What is too large for that saturates; a time that is no number becomes -1.
    """
    exponent = US_EXPONENT[unit]
    most = 2**62
    if times.dtype.kind == "f":
        scaled = np.rint(times.astype(np.float64) * 10.0**exponent)
        return (
            np.nan_to_num(scaled, nan=-1.0, posinf=most, neginf=-most)
            .clip(-most, most)
            .astype(np.int64)
        )
    if times.dtype.kind == "u":
        times = np.minimum(times.astype(np.uint64), np.uint64(most))
    whole: NDArray[np.int64] = times.astype(np.int64)
    if exponent < 0:
        step = 10**-exponent
        rounded: NDArray[np.int64] = (whole + step // 2) // step
        return rounded
    factor = 10**exponent
    scaled_up: NDArray[np.int64] = whole.clip(-most // factor, most // factor) * factor
    return scaled_up
