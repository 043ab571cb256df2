"""Recordings in: `open_source` picks a reader by content, `scan` says what a recording holds."""

import importlib as _importlib
import typing as _typing

from ._open import FORMATS, FileFormat, open_source
from ._scan import RecordingSummary, scan

if _typing.TYPE_CHECKING:
    from ._aedat4 import Aedat4Source
    from ._evt import EvtSource
    from ._npz import NpzSource
    from ._text import TextSource

__all__ = [
    "FORMATS",
    "Aedat4Source",
    "EvtSource",
    "FileFormat",
    "NpzSource",
    "RecordingSummary",
    "TextSource",
    "open_source",
    "scan",
]

_READERS = {
    "Aedat4Source": "_aedat4",
    "EvtSource": "_evt",
    "NpzSource": "_npz",
    "TextSource": "_text",
}
"""Where the readers live; they are imported when first asked for, since they need numba."""


def __getattr__(name: str) -> _typing.Any:
    if name not in _READERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    reader = getattr(_importlib.import_module(f".{_READERS[name]}", __name__), name)
    globals()[name] = reader
    return reader
