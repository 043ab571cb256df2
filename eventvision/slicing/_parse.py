"""Slicers as users write them: `time:10ms`, `count:20000`, `activity:10%`, `trigger:rate=30`.

time:WINDOW              time:10ms
count:EVENTS             count:20000, count:20k
activity[:SHARE[+N]]     activity:10%+64: slices end when 10 % of the cells have seen 64 events
trigger[:NAME=VALUE,…]   trigger:rate=30,longest=50ms: slices end when a spiking network fires
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eventvision.core import ConfigError, SensorSize, Slicer, parse_count, parse_duration_us

from ._activity import SliceByActivity
from ._count import SliceByCount
from ._time import SliceByTime
from ._trigger_text import TRIGGER_FORM, OpenTrigger, build_trigger

SLICER_FORMS = {
    "time": "time:WINDOW, such as time:10ms",
    "count": "count:EVENTS, such as count:20000",
    "activity": "activity[:SHARE[+EVENTS_PER_CELL]], such as activity:10%+64",
    "trigger": TRIGGER_FORM,
}
"""How each slicer is written, by name."""


def parse_slicer(
    text: str, sensor: SensorSize, *, open_trigger: OpenTrigger | None = None
) -> Slicer:
    """Build a slicer from its text; see `SLICER_FORMS`.

    Args:
        text: The text.
        sensor: Size of the pixel array.
        open_trigger: Opens the network of a trigger, if there may be one.

    Raises:
        ConfigError: If the slicer is not known or its setting cannot be used.
        ModelError: If the model of a trigger is missing or is none.
        DeviceError: If it cannot run.

    >>> type(parse_slicer("time:10ms", SensorSize(346, 260))).__name__
    'SliceByTime'
    """
    name, _, setting = text.strip().partition(":")
    if name == "trigger":
        if open_trigger is None:
            raise ConfigError("slicer", text, "a slicer without a network")
        try:
            return build_trigger(setting, sensor, open_trigger)
        except ValueError as error:
            raise ConfigError("slicer", text, f"{TRIGGER_FORM} ({error})") from error
    if name not in _BUILDERS:
        raise ConfigError("slicer", text, " or ".join(SLICER_FORMS.values()))
    try:
        return _BUILDERS[name](sensor, setting)
    except ValueError as error:
        raise ConfigError("slicer", text, f"{SLICER_FORMS[name]} ({error})") from error


def _time(sensor: SensorSize, setting: str) -> Slicer:
    return SliceByTime(sensor, window_us=parse_duration_us(setting))


def _count(sensor: SensorSize, setting: str) -> Slicer:
    return SliceByCount(sensor, events=parse_count(setting))


def _activity(sensor: SensorSize, setting: str) -> Slicer:
    if not setting:
        return SliceByActivity(sensor)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)(?:\+(\w+))?", setting)
    if match is None:
        raise ValueError("a share looks like 10% or 0.1")
    share = float(match[1]) / (100 if match[2] else 1)
    if match[3] is None:
        return SliceByActivity(sensor, share=share)
    return SliceByActivity(sensor, share=share, events_per_cell=parse_count(match[3]))


_BUILDERS: dict[str, Callable[[SensorSize, str], Slicer]] = {
    "time": _time,
    "count": _count,
    "activity": _activity,
}
