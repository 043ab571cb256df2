"""Recordings in and out.

`open_source` picks a reader by content, `open_writer` a writer by extension; `scan` says what a
recording holds.
"""

import importlib as _importlib
import typing as _typing

from ._clip import clip, split
from ._conversion_report import ConversionReport
from ._convert import convert, cut, repair
from ._find import Found, find_recordings, may_be_many
from ._formats import FORMATS, FileFormat
from ._live import LiveStream
from ._open import open_source, open_writer, target_format
from ._scan import RecordingSummary, scan

if _typing.TYPE_CHECKING:
    from ._aedat2.source import Aedat2Source
    from ._aedat3.source import Aedat3Source
    from ._aedat4.source import Aedat4Source
    from ._aedat4.writer import Aedat4Writer
    from ._bin40 import Bin40Source
    from ._cameras.access import UDEV_RULES, camera_drivers, install_udev_rules, list_cameras
    from ._cameras.driver import CameraDescription
    from ._cameras.follow import follow_settings
    from ._cameras.models import CAMERA_MODELS
    from ._cameras.settings import (
        CameraSettings,
        default_settings,
        load_settings,
        save_settings,
        setting_ranges,
    )
    from ._cameras.source import CameraSource
    from ._dat.source import DatSource
    from ._dat.writer import DatWriter
    from ._es import EsSource
    from ._evt.source import EvtSource
    from ._evt.writer import EvtWriter
    from ._hdf5.source import Hdf5Source
    from ._hdf5.writer import Hdf5Writer
    from ._mat.source import MatSource
    from ._network.access import Tls
    from ._network.queue import ClientReport
    from ._network.server import EventServer
    from ._network.source import NetworkSource
    from ._network.udp_sender import UdpSender
    from ._network.udp_source import UdpSource
    from ._npz.source import NpzSource
    from ._npz.writer import NpyWriter, NpzWriter
    from ._rosbag.mcap import McapSource
    from ._rosbag.ros1 import RosbagSource
    from ._rosbag.ros2 import Rosbag2Source
    from ._rosbag.writer import Rosbag2Writer, RosbagWriter
    from ._text.source import TextSource
    from ._text.writer import TextWriter

__all__ = [
    "CAMERA_MODELS",
    "FORMATS",
    "UDEV_RULES",
    "Aedat2Source",
    "Aedat3Source",
    "Aedat4Source",
    "Aedat4Writer",
    "Bin40Source",
    "CameraDescription",
    "CameraSettings",
    "CameraSource",
    "ClientReport",
    "ConversionReport",
    "DatSource",
    "DatWriter",
    "EsSource",
    "EventServer",
    "EvtSource",
    "EvtWriter",
    "FileFormat",
    "Found",
    "Hdf5Source",
    "Hdf5Writer",
    "LiveStream",
    "MatSource",
    "McapSource",
    "NetworkSource",
    "NpyWriter",
    "NpzSource",
    "NpzWriter",
    "RecordingSummary",
    "Rosbag2Source",
    "Rosbag2Writer",
    "RosbagSource",
    "RosbagWriter",
    "TextSource",
    "TextWriter",
    "Tls",
    "UdpSender",
    "UdpSource",
    "camera_drivers",
    "clip",
    "convert",
    "cut",
    "default_settings",
    "find_recordings",
    "follow_settings",
    "install_udev_rules",
    "list_cameras",
    "load_settings",
    "may_be_many",
    "open_source",
    "open_writer",
    "repair",
    "save_settings",
    "scan",
    "setting_ranges",
    "split",
    "target_format",
]

_LAZY = {
    "Aedat2Source": "_aedat2.source",
    "Aedat3Source": "_aedat3.source",
    "Aedat4Source": "_aedat4.source",
    "Aedat4Writer": "_aedat4.writer",
    "Bin40Source": "_bin40",
    "CAMERA_MODELS": "_cameras.models",
    "CameraDescription": "_cameras.driver",
    "CameraSettings": "_cameras.settings",
    "CameraSource": "_cameras.source",
    "ClientReport": "_network.queue",
    "DatSource": "_dat.source",
    "DatWriter": "_dat.writer",
    "EsSource": "_es",
    "EventServer": "_network.server",
    "EvtSource": "_evt.source",
    "EvtWriter": "_evt.writer",
    "Hdf5Source": "_hdf5.source",
    "Hdf5Writer": "_hdf5.writer",
    "MatSource": "_mat.source",
    "McapSource": "_rosbag.mcap",
    "NetworkSource": "_network.source",
    "NpyWriter": "_npz.writer",
    "NpzSource": "_npz.source",
    "NpzWriter": "_npz.writer",
    "Rosbag2Source": "_rosbag.ros2",
    "Rosbag2Writer": "_rosbag.writer",
    "RosbagSource": "_rosbag.ros1",
    "RosbagWriter": "_rosbag.writer",
    "TextSource": "_text.source",
    "TextWriter": "_text.writer",
    "Tls": "_network.access",
    "UDEV_RULES": "_cameras.access",
    "UdpSender": "_network.udp_sender",
    "UdpSource": "_network.udp_source",
    "camera_drivers": "_cameras.access",
    "default_settings": "_cameras.settings",
    "follow_settings": "_cameras.follow",
    "install_udev_rules": "_cameras.access",
    "list_cameras": "_cameras.access",
    "load_settings": "_cameras.settings",
    "save_settings": "_cameras.settings",
    "setting_ranges": "_cameras.settings",
}
"""Where the rest lives; it is imported when first asked for, since it needs numba or pydantic."""


def __getattr__(name: str) -> _typing.Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(_importlib.import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found
