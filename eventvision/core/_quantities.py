"""Quantities as users write them: `10ms`, `500us`, `2s`, `20000`, `20k`."""

from __future__ import annotations

import re

_US = {"us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6}
_TIMES = {"": 1.0, "k": 1e3, "M": 1e6}


def parse_duration_us(text: str) -> int:
    """Read a duration with its unit, in whole microseconds, at least 1.

    >>> parse_duration_us("10ms"), parse_duration_us("0.5 s"), parse_duration_us("500us")
    (10000, 500000, 500)

    Raises:
        ValueError: If the number or the unit is missing or the duration is not positive.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(us|µs|ms|s)", text.strip())
    duration_us = round(float(match[1]) * _US[match[2]]) if match else 0
    if duration_us < 1:
        raise ValueError(f"a duration looks like 10ms, 500us or 2s, got {text!r}")
    return duration_us


def parse_count(text: str) -> int:
    """Read a positive whole number, `k` and `M` allowed.

    >>> parse_count("20000"), parse_count("20k"), parse_count("1.5M")
    (20000, 20000, 1500000)

    Raises:
        ValueError: If it is anything else.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kM]?)", text.strip())
    value = float(match[1]) * _TIMES[match[2]] if match else 0.0
    if value < 1 or value != int(value):
        raise ValueError(f"a count looks like 20000 or 20k, got {text!r}")
    return int(value)
