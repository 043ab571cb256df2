"""The drivers that are built in, in the order in which they are asked."""

from __future__ import annotations

from ._camera_driver import CameraDriver
from ._driver_dv import DvDriver
from ._driver_nd import NeuromorphicDriver

DRIVERS: tuple[CameraDriver, ...] = (DvDriver(), NeuromorphicDriver())
