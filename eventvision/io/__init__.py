"""Recordings in and out.

`open_source` picks a reader by content, `open_writer` a writer by extension; `scan` says what a
recording holds.
"""

import importlib as _importlib
import typing as _typing

from ._clip import clip, split
from ._convert import ConversionReport, convert, cut, repair
from ._find import Found, find_recordings, may_be_many
from ._formats import FORMATS, FileFormat
from ._open import open_source, open_writer, target_format
from ._scan import RecordingSummary, scan

if _typing.TYPE_CHECKING:
    from ._aedat2 import Aedat2Source
    from ._aedat3 import Aedat3Source
    from ._aedat4 import Aedat4Source
    from ._aedat4_writer import Aedat4Writer
    from ._bin40 import Bin40Source
    from ._camera_access import UDEV_RULES, camera_drivers, install_udev_rules, list_cameras
    from ._camera_driver import CameraDescription
    from ._camera_models import CAMERA_MODELS
    from ._camera_settings import (
        CameraSettings,
        default_settings,
        load_settings,
        save_settings,
        setting_ranges,
    )
    from ._camera_source import CameraSource
    from ._dat import DatSource
    from ._dat_writer import DatWriter
    from ._es import EsSource
    from ._evt import EvtSource
    from ._evt_writer import EvtWriter
    from ._mat import MatSource
    from ._npz import NpzSource
    from ._npz_writer import NpyWriter, NpzWriter
    from ._text import TextSource
    from ._text_writer import TextWriter

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
    "ConversionReport",
    "DatSource",
    "DatWriter",
    "EsSource",
    "EvtSource",
    "EvtWriter",
    "FileFormat",
    "Found",
    "MatSource",
    "NpyWriter",
    "NpzSource",
    "NpzWriter",
    "RecordingSummary",
    "TextSource",
    "TextWriter",
    "camera_drivers",
    "clip",
    "convert",
    "cut",
    "default_settings",
    "find_recordings",
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

_READERS = {
    "Aedat2Source": "_aedat2",
    "Aedat3Source": "_aedat3",
    "Aedat4Source": "_aedat4",
    "Aedat4Writer": "_aedat4_writer",
    "Bin40Source": "_bin40",
    "CAMERA_MODELS": "_camera_models",
    "CameraDescription": "_camera_driver",
    "CameraSettings": "_camera_settings",
    "CameraSource": "_camera_source",
    "DatSource": "_dat",
    "DatWriter": "_dat_writer",
    "EsSource": "_es",
    "EvtSource": "_evt",
    "EvtWriter": "_evt_writer",
    "MatSource": "_mat",
    "NpyWriter": "_npz_writer",
    "NpzSource": "_npz",
    "NpzWriter": "_npz_writer",
    "TextSource": "_text",
    "TextWriter": "_text_writer",
    "UDEV_RULES": "_camera_access",
    "camera_drivers": "_camera_access",
    "default_settings": "_camera_settings",
    "install_udev_rules": "_camera_access",
    "list_cameras": "_camera_access",
    "load_settings": "_camera_settings",
    "save_settings": "_camera_settings",
    "setting_ranges": "_camera_settings",
}
"""Where the rest lives; it is imported when first asked for, since it needs numba or pydantic."""


def __getattr__(name: str) -> _typing.Any:
    if name not in _READERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    reader = getattr(_importlib.import_module(f".{_READERS[name]}", __name__), name)
    globals()[name] = reader
    return reader
