"""Opens anything by name: for files the content decides, the extension only where it cannot."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from eventvision.core import (
    ConfigError,
    EventWriter,
    FormatError,
    OutputError,
    SensorSize,
    Source,
    SourceError,
)

from ._base import FileSource, checked_path
from ._formats import (
    FORMATS,
    HEAD_BYTES,
    FileFormat,
    listed,
    recognised,
    recognised_folder,
    writable_format,
)
from ._live import LiveStream
from ._time_unit import TIME_UNITS

_UNREAD = (
    (b"#!AER-DAT1", "an AEDAT1 recording"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xfe", "UTF-16 text"),
)
_STREAMS = {
    "camera": "_cameras.source:CameraSource",
    "sim": "eventvision.pipeline:SimulatedCamera",
    "tcp": "_network.source:NetworkSource",
    "tls": "_network.source:NetworkSource",
    "udp": "_network.udp_source:UdpSource",
}
"""Sources that are not files, by the scheme of their names: `module:Class`, imported when opened.

A module of this package begins with an underscore. Others are named in full: rooms that this one
must not import plug in here, with a class that derives from `LiveStream` and takes the name and
`sensor=`.
"""


def open_source(
    name: str | Path,
    *,
    sensor: SensorSize | None = None,
    read: Mapping[str, str] | None = None,
    settings: str | Path | None = None,
    strict: bool = False,
) -> Source:
    """Open a recording, a camera or a network stream.

    Args:
        name: Path of a recording; `PATH#N` opens sample N of a collection. `camera:` opens the
            first camera, `camera:MODEL/SERIAL` a certain one, `sim:SCENE` a simulated one.
            `tcp://host:port`, `tls://` and `udp://` open streams.
        sensor: Size of the pixel array; overrides what the recording says or suggests. A camera
            knows its own.
        read: What the reader should not find out by itself: `columns` (such as `xytp`, `-` to
            skip) and `time_unit` (`s`, `ms`, `us`, `ns`) of text and NumPy files, `group` and
            `time_unit` of HDF5, `topic` of bags.
        settings: File with the settings of a camera, see `load_settings`.
        strict: Whether damage is an error: reading then ends with a `FormatError` at the first
            damaged place, instead of going on behind it.

    Returns:
        A source at its beginning; close it or use it in a `with` statement.

    Raises:
        SourceNotFoundError: If there is no such file, camera or peer.
        FormatError: If its format is not known or it is damaged beyond reading.
        SourceError: If it cannot be opened for another reason.
        ConfigError: If `read` or the settings cannot be used.
    """
    scheme = str(name).partition(":")[0] if is_stream(str(name)) else ""
    if read and scheme:
        raise ConfigError("read", ", ".join(read), f"none, since {name} is no recording")
    if settings is not None and scheme != "camera":
        raise ConfigError("settings", str(settings), f"none, since {name} is no camera")
    source: FileSource | LiveStream = (
        _open_stream(scheme, str(name), sensor, settings)
        if scheme
        else _open_file(name, sensor, read or {})
    )
    if strict:
        source.refuse_damage()
    return source


def is_stream(name: str) -> bool:
    """Tell whether a name is that of a camera or another stream, not that of a file."""
    scheme, colon, _ = name.partition(":")
    return bool(colon) and scheme in _STREAMS


def open_writer(
    path: str | Path,
    sensor: SensorSize,
    *,
    format: str | None = None,  # noqa: A002
    force: bool = False,
    camera: str = "",
    **options: Any,
) -> EventWriter:
    """Create a recording; it is written under its final name from the start.

    Args:
        path: Where to write.
        sensor: Size of the pixel array.
        format: Name of a format in `FORMATS`, or an extension; None to go by the extension of
            the path.
        force: Whether to replace what is there.
        camera: Name of the camera, stored where the format has a place for it.
        options: Further arguments of the writer.

    Raises:
        ConfigError: If there is no such format, or none that has this extension.
        OutputError: If there is something already, or it cannot be written.
    """
    chosen = target_format(path, format)
    if not force and Path(path).exists():
        raise OutputError(path, "exists already", "choose another name, or replace it (--force)")
    writer = chosen.load(chosen.writer)
    return cast("EventWriter", writer(path, sensor, camera=camera, **{**chosen.options, **options}))


def target_format(path: str | Path, name: str | None) -> FileFormat:
    """Return the format in which to write a file.

    Raises:
        ConfigError: If there is no such format, or none that has this extension.
    """
    wanted = name or Path(path).suffix
    chosen = writable_format(wanted) if wanted else None
    if chosen is None:
        what = ("format", name) if name else (f"{path}: extension", Path(path).suffix)
        known = next((known.name for known in FORMATS if wanted.lower() in known.suffixes), None)
        only_read = f"; {known} is only read" if known else ""
        raise ConfigError(*what, f"one of {listed(written=True)}{only_read}")
    return chosen


def _open_stream(
    scheme: str, name: str, sensor: SensorSize | None, settings: str | Path | None
) -> LiveStream:
    module, _, kind = _STREAMS[scheme].partition(":")
    full = f".{module}" if module.startswith("_") else module
    opened = getattr(importlib.import_module(full, __package__), kind)
    options = {"settings": settings} if scheme == "camera" else {"sensor": sensor}
    return cast("LiveStream", opened(name, **options))


def _open_file(name: str | Path, sensor: SensorSize | None, read: Mapping[str, str]) -> FileSource:
    path, sample = _split_sample(name)
    chosen = recognised_folder(path) or _format_of(path, name)
    if sample is not None and not chosen.samples:
        raise FormatError(path, "has no numbered samples", f"leave out #{sample}")
    options: dict[str, Any] = {**_checked_choices(chosen, read)}
    if sample is not None:
        options["sample"] = sample
    given = name if sample is None else str(path)
    source = cast("FileSource", chosen.load(chosen.reader)(given, sensor=sensor, **options))
    suffix = path.suffix.lower()
    if path.is_file() and suffix not in _suffixes(chosen):
        named = f"named {suffix}" if suffix else "its name has no extension"
        source.add_note(f"Opened as {source.info.format} because of its content, though {named}.")
    return source


def _checked_choices(chosen: FileFormat, read: Mapping[str, str]) -> Mapping[str, str]:
    for option, value in read.items():
        if option not in chosen.choices:
            known = ", ".join(sorted(chosen.choices)) or "none"
            raise ConfigError("read", option, f"options of {chosen.name}: {known}")
        if option == "time_unit" and value not in TIME_UNITS:
            raise ConfigError("time_unit", value, f"one of {', '.join(TIME_UNITS)}")
    return read


def _format_of(path: Path, name: str | Path) -> FileFormat:
    if re.match(r"[a-z]{2,}:", str(name)) and not path.exists():
        schemes = " ".join(f"{scheme}:" for scheme in _STREAMS)
        raise SourceError(name, "is neither a file nor a known kind of stream", f"use {schemes}")
    with checked_path(path).open("rb") as file:
        head = file.read(HEAD_BYTES)
    unread = next((kind for magic, kind in _UNREAD if head.startswith(magic)), None)
    chosen = None if unread else recognised(path, head)
    if chosen is None:
        problem = f"is {unread}, which cannot be read" if unread else "is in no known format"
        raise FormatError(name, problem, f"known formats: {listed()}")
    return chosen


def _split_sample(name: str | Path) -> tuple[Path, int | None]:
    path, mark, number = str(name).rpartition("#")
    if mark and number.isdecimal() and not Path(name).exists():
        return Path(path), int(number)
    return Path(name), None


def _suffixes(chosen: FileFormat) -> set[str]:
    """Return the extensions of all formats that the same reader reads."""
    return {end for known in FORMATS if known.reader == chosen.reader for end in known.suffixes}
