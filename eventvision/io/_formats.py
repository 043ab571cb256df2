"""The one list of file formats: how each is recognised, read and written, and what it holds."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HEAD_BYTES = 4096
"""How much of a file's beginning is looked at to recognise it."""

FRAMES, IMU, TRIGGERS = "frames", "imu", "triggers"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFormat:
    """A file format.

    Attributes:
        name: Short name, also that by which it is chosen for writing.
        suffixes: Usual extensions, lower case; the first is the one given to new files.
        head: Regular expression that the first bytes of every such file match; empty where only
            the extension tells.
        folder: Name of a file inside, where a recording is a folder; empty where it is a file.
        reader: `module:Class` in this package; None where it is written only.
        writer: Likewise; None where it is read only.
        options: Arguments that the writer gets to write just this format.
        carries: What a written file holds besides events: `frames`, `imu`, `triggers`.
        choices: Options of the reader for users: `columns`, `time_unit`, `topic`, `group`.
        variants: Further arguments of the writer by what is written behind the name, as in
            `BAG:event_camera_msgs`.
        samples: Whether `PATH#N` opens a part of it.
        notes: What a written file cannot hold or does otherwise than one may expect, in sentences.
    """

    name: str
    suffixes: tuple[str, ...]
    head: bytes = b""
    folder: str = ""
    reader: str | None = None
    writer: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: frozenset[str] = frozenset()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    carries: frozenset[str] = frozenset()
    samples: bool = False
    notes: tuple[str, ...] = ()

    def matches(self, head: bytes) -> bool:
        """Tell whether a file that begins like this is of the format."""
        return bool(self.head) and re.match(self.head, head, re.DOTALL) is not None

    def load(self, what: str | None) -> Any:
        """Return the class that `reader` or `writer` names; it is imported only now."""
        module, _, name = (what or "").partition(":")
        return getattr(importlib.import_module(f".{module}", __package__), name)


_EDGES = frozenset({TRIGGERS})
_EVT_WRITER = "_evt.writer:EvtWriter"
_TOPIC, _COLUMNS = frozenset({"topic"}), frozenset({"columns", "time_unit"})
_MESSAGES = {
    package: {"message": package}
    for package in ("dvs_msgs", "prophesee_event_msgs", "event_camera_msgs")
}
_ROS2_WRITER = "_rosbag.writer:Rosbag2Writer"
_NO_SIZE = ("The size of the sensor is not stored; readers infer it from the pixels used.",)

FORMATS = (
    FileFormat(
        name="AEDAT4", suffixes=(".aedat4",), head=rb"#!AER-DAT4",
        reader="_aedat4.source:Aedat4Source", writer="_aedat4.writer:Aedat4Writer",
        carries=frozenset({FRAMES, IMU, TRIGGERS}),
    ),
    FileFormat(
        name="RAW", suffixes=(".raw",), head=rb"(?=% ).*?% (?:evt |format EVT)",
        reader="_evt.source:EvtSource",
    ),
    FileFormat(
        name="EVT3", suffixes=(".raw",), writer=_EVT_WRITER, options={"encoding": "EVT3"},
        carries=_EDGES,
    ),
    FileFormat(
        name="EVT2", suffixes=(".raw",), writer=_EVT_WRITER, options={"encoding": "EVT2"},
        carries=_EDGES,
    ),
    FileFormat(
        name="EVT2.1", suffixes=(".raw",), writer=_EVT_WRITER, options={"encoding": "EVT2.1"},
        carries=_EDGES,
    ),
    FileFormat(
        name="DAT", suffixes=(".dat",), head=rb"(?i)(?:%[^\n]*\n)*?%\s*(?:data file|version)\b",
        reader="_dat.source:DatSource", writer="_dat.writer:DatWriter",
    ),
    FileFormat(
        name="HDF5", suffixes=(".h5", ".hdf5"), head=rb"\x89HDF\r\n\x1a\n",
        reader="_hdf5.source:Hdf5Source", writer="_hdf5.writer:Hdf5Writer",
        choices=frozenset({"group", "time_unit"}),
    ),
    FileFormat(
        name="BAG", suffixes=(".bag",), head=rb"#ROSBAG", reader="_rosbag.ros1:RosbagSource",
        writer="_rosbag.writer:RosbagWriter", variants=_MESSAGES, choices=_TOPIC,
    ),
    FileFormat(
        name="ROS2", suffixes=(".mcap",), head=rb"\x89MCAP0\r\n",
        reader="_rosbag.mcap:McapSource", writer=_ROS2_WRITER, variants=_MESSAGES,
        choices=_TOPIC,
    ),
    FileFormat(
        name="ROS2-DB3", suffixes=(".db3",), head=rb"SQLite format 3\0", folder="metadata.yaml",
        reader="_rosbag.ros2:Rosbag2Source", writer=_ROS2_WRITER, options={"storage": "sqlite3"},
        variants=_MESSAGES, choices=_TOPIC,
    ),
    FileFormat(
        name="NPZ", suffixes=(".npz",), head=rb"PK\x03\x04", reader="_npz.source:NpzSource",
        writer="_npz.writer:NpzWriter", samples=True, choices=_COLUMNS,
    ),
    FileFormat(
        name="NPY", suffixes=(".npy",), head=rb"\x93NUMPY", reader="_npz.source:NpzSource",
        writer="_npz.writer:NpyWriter", samples=True, notes=_NO_SIZE, choices=_COLUMNS,
    ),
    FileFormat(
        name="AEDAT3", suffixes=(".aedat",), head=rb"#!AER-DAT3",
        reader="_aedat3.source:Aedat3Source",
    ),
    FileFormat(
        name="AEDAT2", suffixes=(".aedat", ".aedat2"), head=rb"#!AER-DAT2",
        reader="_aedat2.source:Aedat2Source",
    ),
    FileFormat(name="ES", suffixes=(".es",), head=rb"Event Stream", reader="_es:EsSource"),
    FileFormat(
        name="MATLAB", suffixes=(".mat",), head=rb"MATLAB [57]\.", reader="_mat.source:MatSource",
        samples=True,
    ),
    FileFormat(name="40-bit", suffixes=(".bin", ".bs2"), reader="_bin40:Bin40Source"),
    FileFormat(
        name="TXT", suffixes=(".txt", ".tsv"), head=rb"(?:\xef\xbb\xbf)?\s*[!-~][\t\r\n -~]*\Z",
        reader="_text.source:TextSource", writer="_text.writer:TextWriter",
        options={"style": "txt"}, choices=_COLUMNS,
    ),
    FileFormat(
        name="CSV", suffixes=(".csv",), reader="_text.source:TextSource",
        writer="_text.writer:TextWriter", options={"style": "csv"}, notes=_NO_SIZE,
        choices=_COLUMNS,
    ),
)  # fmt: skip
"""All formats; where two could be meant, the first one is."""


def recognised(path: Path, head: bytes) -> FileFormat | None:
    """Return the format of a file by its first bytes, else by its extension."""
    readable = [known for known in FORMATS if known.reader]
    by_content = next((known for known in readable if known.matches(head)), None)
    suffix = path.suffix.lower()
    return by_content or next((known for known in readable if suffix in known.suffixes), None)


def recognised_folder(path: Path) -> FileFormat | None:
    """Return the format of a folder that is a recording as a whole."""
    marked = (known for known in FORMATS if known.folder and known.reader)
    return next((known for known in marked if (path / known.folder).is_file()), None)


def writable_format(name: str) -> FileFormat | None:
    """Return the format with a name or extension, such as `AEDAT4`, `.aedat4` or `raw`.

    A variant may follow, as in `bag:event_camera_msgs`; it becomes part of the format's name.
    """
    wanted, colon, variant = name.lower().partition(":")
    for known in FORMATS:
        names = {known.name.lower(), *known.suffixes, *(end[1:] for end in known.suffixes)}
        if known.writer and wanted in names:
            return _variant(known, variant) if colon else known
    return None


def _variant(known: FileFormat, variant: str) -> FileFormat | None:
    if variant not in known.variants:
        return None
    options = {**known.options, **known.variants[variant]}
    return replace(known, name=f"{known.name}:{variant}", options=options)


def listed(*, written: bool = False) -> str:
    """Return all formats that can be read, or written, with their extensions."""
    found = [known for known in FORMATS if (known.writer if written else known.reader)]
    return ", ".join(f"{_called(known, written)} ({' '.join(known.suffixes)})" for known in found)


def _called(known: FileFormat, written: bool) -> str:
    return (
        f"{known.name}[:{'|'.join(known.variants)}]" if written and known.variants else known.name
    )
