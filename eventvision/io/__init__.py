"""Recordings in: `open_source` picks a reader by content, `scan` says what a recording holds."""

import importlib as _importlib
import typing as _typing

from ._open import FORMATS, FileFormat, open_source
from ._scan import RecordingSummary, scan

if _typing.TYPE_CHECKING:
    from ._aedat4 import Aedat4Source
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
    from ._evt import EvtSource
    from ._npz import NpzSource
    from ._text import TextSource

__all__ = [
    "CAMERA_MODELS",
    "FORMATS",
    "UDEV_RULES",
    "Aedat4Source",
    "CameraDescription",
    "CameraSettings",
    "CameraSource",
    "EvtSource",
    "FileFormat",
    "NpzSource",
    "RecordingSummary",
    "TextSource",
    "camera_drivers",
    "default_settings",
    "install_udev_rules",
    "list_cameras",
    "load_settings",
    "open_source",
    "save_settings",
    "scan",
    "setting_ranges",
]

_READERS = {
    "Aedat4Source": "_aedat4",
    "CAMERA_MODELS": "_camera_models",
    "CameraDescription": "_camera_driver",
    "CameraSettings": "_camera_settings",
    "CameraSource": "_camera_source",
    "EvtSource": "_evt",
    "NpzSource": "_npz",
    "TextSource": "_text",
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
