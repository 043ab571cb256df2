"""The drivers that are built in, in the order in which they are asked."""

from __future__ import annotations

from .driver import CameraDriver
from .driver_dv import DvDriver
from .driver_nd import NeuromorphicDriver

DRIVERS: tuple[CameraDriver, ...] = (DvDriver(), NeuromorphicDriver())
