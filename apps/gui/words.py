"""Numbers and names as people read them."""

from __future__ import annotations

from .state import Base, Palette, Phase

BASE_NAMES: dict[Base, str] = {
    "ground": "Events",
    "reconstruction": "Reconstruction",
    "frame": "Camera frame",
    "surface": "Time surface",
    "depth": "Depth",
    "segmentation": "Segmentation",
}
BASE_HINTS: dict[Base, str] = {
    "reconstruction": "no picture yet: switch the task Reconstruction on",
    "frame": "no camera frame yet: not every camera takes any",
    "depth": "no depth yet: switch the task Depth on",
    "segmentation": "no classes yet: switch the task Segmentation on",
}
"""What a view says as long as there is nothing to lie under its events."""
PALETTE_NAMES: dict[Palette, str] = {
    "dark": "Dark",
    "light": "Light",
    "coolwarm": "CoolWarm",
    "gray": "Gray",
}
TASK_NAMES = {
    "reconstruction": "Reconstruction",
    "detection": "Detection",
    "segmentation": "Segmentation",
    "depth": "Depth",
    "graph": "Event graph",
    "tracking": "Tracking",
    "alarm": "Alarm",
    "counting": "Counting",
}
PHASE_NAMES: dict[Phase, str] = {
    "empty": "",
    "opening": "opening…",
    "playing": "",
    "paused": "paused",
    "ended": "at the end",
    "failed": "stopped",
}


def duration(us: float) -> str:
    """Return a length of time in the unit that suits it.

    >>> duration(500), duration(10_000), duration(1_500_000)
    ('500 us', '10 ms', '1.5 s')
    """
    if abs(us) < 1_000:
        return f"{us:.0f} us"
    if abs(us) < 1_000_000:
        return f"{us / 1e3:.3g} ms"
    return f"{us / 1e6:.4g} s"


def milliseconds(ms: float) -> str:
    """Return a latency with as many digits as say something.

    >>> milliseconds(0.042), milliseconds(3.14159), milliseconds(271.8), milliseconds(2040.3)
    ('0.04 ms', '3.1 ms', '272 ms', '2.04 s')
    """
    if ms < 1:
        return f"{ms:.2f} ms"
    if ms < 100:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def clock(us: float) -> str:
    """Return a position as minutes, seconds and milliseconds.

    >>> clock(83_456_000), clock(3_723_004_000)
    ('1:23.456', '1:02:03.004')
    """
    milliseconds = round(max(0.0, us) / 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}.{milliseconds:03}"
    return f"{minutes}:{seconds:02}.{milliseconds:03}"


def rate(hz: float, unit: str = "ev/s") -> str:
    """Return a rate.

    >>> rate(950), rate(12_300), rate(4_560_000)
    ('950 ev/s', '12.3 kev/s', '4.56 Mev/s')
    """
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(hz) >= limit:
            return f"{hz / limit:.3g} {prefix}{unit}"
    return f"{hz:.3g} {unit}"


def speed(factor: float | None) -> str:
    """Return a playing speed.

    >>> speed(1.0), speed(0.01), speed(None)
    ('1x', '0.01x', 'max')
    """
    return "max" if factor is None else f"{factor:g}x"


def count(number: float) -> str:
    """Return a large number in short.

    >>> count(999), count(12_345), count(8_100_000)
    ('999', '12.3 k', '8.1 M')
    """
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= limit:
            return f"{number / (1e3 if prefix == 'k' else limit):.3g} {prefix}"
    return f"{number:.0f}"
