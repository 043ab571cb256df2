"""Slicing: packets in, slices out."""

from ._activity import SliceByActivity
from ._count import SliceByCount
from ._parse import SLICER_FORMS, parse_slicer
from ._time import SliceByTime
from ._trigger import SliceByTrigger, TriggerSettings

__all__ = [
    "SLICER_FORMS",
    "SliceByActivity",
    "SliceByCount",
    "SliceByTime",
    "SliceByTrigger",
    "TriggerSettings",
    "parse_slicer",
]
