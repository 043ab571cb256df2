"""Slicing: packets in, slices out."""

from ._activity import SliceByActivity
from ._count import SliceByCount
from ._parse import SLICER_FORMS, parse_slicer
from ._time import SliceByTime
from ._trigger import SliceByTrigger, TriggerSettings
from ._trigger_text import DEFAULT_TRIGGER, OpenTrigger

__all__ = [
    "DEFAULT_TRIGGER",
    "SLICER_FORMS",
    "OpenTrigger",
    "SliceByActivity",
    "SliceByCount",
    "SliceByTime",
    "SliceByTrigger",
    "TriggerSettings",
    "parse_slicer",
]
