"""Filters: packets in, packets out."""

from ._background import BackgroundActivity
from ._base import EventFilter
from ._hot_pixels import HotPixels, find_hot
from ._orientation import Flip, Rotate
from ._parse import FILTER_FORMS, parse_filters
from ._refractory import Refractory
from ._region import RegionOfInterest

__all__ = [
    "FILTER_FORMS",
    "BackgroundActivity",
    "EventFilter",
    "Flip",
    "HotPixels",
    "Refractory",
    "RegionOfInterest",
    "Rotate",
    "find_hot",
    "parse_filters",
]
