"""Filters as users write them: `background,refractory:500us,roi:100x80+10+20`.

A comma separates filters, a colon a filter from its setting; no setting contains a comma.

    background[:WINDOW]          background:2ms
    refractory[:PERIOD]          refractory:500us
    hot_pixels[:FACTOR]          hot_pixels:10
    roi:WIDTHxHEIGHT+X+Y         roi:100x80+10+20; keeps sensor and coordinates
    crop:WIDTHxHEIGHT+X+Y        crop:100x80+10+20; the rectangle becomes the sensor
    flip:AXIS                    flip:x swaps left and right, flip:y top and bottom
    rotate:DEGREES               rotate:90, rotate:180, rotate:270; clockwise
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eventvision.core import ConfigError, SensorSize, parse_duration_us

from ._background import BackgroundActivity
from ._base import EventFilter
from ._hot_pixels import HotPixels
from ._orientation import Flip, Rotate
from ._refractory import Refractory
from ._region import RegionOfInterest

FILTER_FORMS = {
    "background": "background[:WINDOW], such as background:2ms",
    "refractory": "refractory[:PERIOD], such as refractory:500us",
    "hot_pixels": "hot_pixels[:FACTOR], such as hot_pixels:10",
    "roi": "roi:WIDTHxHEIGHT+X+Y, such as roi:100x80+10+20",
    "crop": "crop:WIDTHxHEIGHT+X+Y, such as crop:100x80+10+20",
    "flip": "flip:x or flip:y",
    "rotate": "rotate:90, rotate:180 or rotate:270",
}
"""How each filter is written, by name."""


def parse_filters(text: str, sensor: SensorSize) -> list[EventFilter]:
    """Build a chain of filters from its text; an empty text gives none.

    Args:
        text: Filters in the order in which they work, separated by commas; see `FILTER_FORMS`.
        sensor: Size of the pixel array that the first filter sees.

    Raises:
        ConfigError: If a filter is not known or its setting cannot be used on its sensor.

    >>> [type(f).__name__ for f in parse_filters("background,rotate:90", SensorSize(346, 260))]
    ['BackgroundActivity', 'Rotate']
    """
    chain: list[EventFilter] = []
    for item in text.split(",") if text.strip() else ():
        chain.append(_build(item.strip(), chain[-1].sensor if chain else sensor))
    return chain


def _build(item: str, sensor: SensorSize) -> EventFilter:
    name, colon, setting = item.partition(":")
    if name not in _BUILDERS:
        raise ConfigError("filters", item, f"one of: {', '.join(FILTER_FORMS)}")
    try:
        if bool(colon) != bool(setting):
            raise ValueError("nothing follows the colon")
        return _BUILDERS[name](sensor, setting)
    except ValueError as error:
        raise ConfigError("filters", item, f"{FILTER_FORMS[name]} ({error})") from error


def _background(sensor: SensorSize, setting: str) -> EventFilter:
    if not setting:
        return BackgroundActivity(sensor)
    return BackgroundActivity(sensor, window_us=parse_duration_us(setting))


def _refractory(sensor: SensorSize, setting: str) -> EventFilter:
    if not setting:
        return Refractory(sensor)
    return Refractory(sensor, period_us=parse_duration_us(setting))


def _hot_pixels(sensor: SensorSize, setting: str) -> EventFilter:
    return HotPixels(sensor, factor=float(setting)) if setting else HotPixels(sensor)


def _region(sensor: SensorSize, setting: str, *, crop: bool = False) -> EventFilter:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5})", setting)
    if match is None:
        raise ValueError("a rectangle looks like 100x80+10+20")
    width, height, x, y = (int(number) for number in match.groups())
    return RegionOfInterest(sensor, x=x, y=y, width=width, height=height, crop=crop)


def _crop(sensor: SensorSize, setting: str) -> EventFilter:
    return _region(sensor, setting, crop=True)


def _flip(sensor: SensorSize, setting: str) -> EventFilter:
    if setting == "x":
        return Flip(sensor, axis="x")
    if setting == "y":
        return Flip(sensor, axis="y")
    raise ValueError("the axis is x or y")


def _rotate(sensor: SensorSize, setting: str) -> EventFilter:
    if setting not in ("90", "180", "270"):
        raise ValueError("only quarter turns are possible")
    return Rotate(sensor, quarter_turns=int(setting) // 90)


_BUILDERS: dict[str, Callable[[SensorSize, str], EventFilter]] = {
    "background": _background,
    "refractory": _refractory,
    "hot_pixels": _hot_pixels,
    "roi": _region,
    "crop": _crop,
    "flip": _flip,
    "rotate": _rotate,
}
