"""Opens anything by name: the content decides which reader, the extension only where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eventvision.core import FormatError, SensorSize, Source, SourceError

from ._base import FileSource, checked_path

_HEAD_BYTES = 4096
_EVT_MARKS = (b"% evt ", b"% format EVT")
_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\r\n"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format that can be read.

    Attributes:
        name: Short name.
        suffixes: Usual extensions, lower case.
    """

    name: str
    suffixes: tuple[str, ...]


FORMATS = (
    FileFormat("AEDAT4", (".aedat4",)),
    FileFormat("EVT2/EVT3 RAW", (".raw",)),
    FileFormat("NumPy", (".npz", ".npy")),
    FileFormat("text", (".txt", ".csv", ".tsv")),
)
"""Formats that `open_source` reads."""

_AEDAT4, _EVT, _NUMPY, _TEXT = FORMATS

_UNREAD = (
    (b"#!AER-DAT3", "an AEDAT3 recording"),
    (b"#!AER-DAT2", "an AEDAT2 recording"),
    (b"#!AER-DAT1", "an AEDAT1 recording"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"#ROSBAG", "a ROS bag"),
    (b"Event Stream", "an ES recording"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"% Data file containing", "a DAT recording"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xfe", "UTF-16 text"),
)
_CAMERA = "camera:"
_SCHEMES = ("tcp:", "tls:", "udp:", "sim:")


def open_source(name: str | Path, *, sensor: SensorSize | None = None) -> Source:
    """Open a recording or a camera.

    Args:
        name: Path of a recording; `PATH#N` opens sample N of a collection. `camera:` opens the
            first camera, `camera:MODEL/SERIAL` a certain one.
        sensor: Size of the pixel array; overrides what the recording says or suggests. A camera
            knows its own.

    Returns:
        A source at its beginning; close it or use it in a `with` statement.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If its format is not known or it is damaged beyond reading.
        SourceError: If the name is not that of a file.
    """
    if str(name).startswith(_CAMERA):
        return _open_camera(str(name))
    if str(name).startswith(_SCHEMES):
        raise SourceError(name, "is not a recording", f"only files can be opened: {_readable()}")
    path, sample = _split_sample(name)
    found = checked_path(path)
    with found.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    suffix = found.suffix.lower()
    unread = next((kind for magic, kind in _UNREAD if head.startswith(magic)), None)
    chosen = None if unread else _by_content(head) or _by_suffix(suffix)
    if chosen is None:
        problem = f"is {unread}, which cannot be read" if unread else "is in no known format"
        raise FormatError(name, problem, f"known formats: {_readable()}")
    if sample is not None and chosen is not _NUMPY:
        raise FormatError(path, "has no numbered samples", f"leave out #{sample}")
    source = _READERS[chosen](path, sensor, sample)
    if suffix not in chosen.suffixes:
        named = f"named {suffix}" if suffix else "its name has no extension"
        source.add_note(f"Opened as {chosen.name} because of its content, though {named}.")
    return source


def _by_content(head: bytes) -> FileFormat | None:
    if head.startswith(b"#!AER-DAT4"):
        return _AEDAT4
    if head.startswith((b"PK\x03\x04", b"\x93NUMPY")):
        return _NUMPY
    if head.startswith(b"% ") and any(mark in head for mark in _EVT_MARKS):
        return _EVT
    plain = head.removeprefix(b"\xef\xbb\xbf")
    return _TEXT if plain.strip() and not plain.translate(None, _TEXT_BYTES) else None


def _by_suffix(suffix: str) -> FileFormat | None:
    return next((known for known in FORMATS if suffix in known.suffixes), None)


def _readable() -> str:
    return ", ".join(f"{known.name} ({' '.join(known.suffixes)})" for known in FORMATS)


def _split_sample(name: str | Path) -> tuple[str | Path, int | None]:
    path, mark, number = str(name).rpartition("#")
    if mark and number.isdecimal() and not Path(name).exists():
        return path, int(number)
    return name, None


def _open_camera(name: str) -> Source:
    from ._camera_source import CameraSource

    return CameraSource(name)


def _open_aedat4(path: str | Path, sensor: SensorSize | None, _: int | None) -> FileSource:
    from ._aedat4 import Aedat4Source

    return Aedat4Source(path, sensor=sensor)


def _open_evt(path: str | Path, sensor: SensorSize | None, _: int | None) -> FileSource:
    from ._evt import EvtSource

    return EvtSource(path, sensor=sensor)


def _open_numpy(path: str | Path, sensor: SensorSize | None, sample: int | None) -> FileSource:
    from ._npz import NpzSource

    return NpzSource(path, sensor=sensor, sample=sample)


def _open_text(path: str | Path, sensor: SensorSize | None, _: int | None) -> FileSource:
    from ._text import TextSource

    return TextSource(path, sensor=sensor)


_READERS: dict[FileFormat, Callable[[str | Path, SensorSize | None, int | None], FileSource]] = {
    _AEDAT4: _open_aedat4,
    _EVT: _open_evt,
    _NUMPY: _open_numpy,
    _TEXT: _open_text,
}
