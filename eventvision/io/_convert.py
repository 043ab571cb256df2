"""From recording to recording: in another format, a stretch, or a sound copy of a damaged one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from eventvision.core import (
    ConfigError,
    EventWriter,
    FormatError,
    OutputError,
    Packet,
    PartFile,
    SensorSize,
    Source,
    SourceError,
)

from ._base import damage_refused
from ._clip import clip
from ._conversion_report import ConversionReport, OnProgress, losses
from ._formats import FileFormat, writable_format
from ._open import open_source, open_writer, target_format


def convert(
    source: str | Path | Source,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    sensor: SensorSize | None = None,
    read: Mapping[str, str] | None = None,
    force: bool = False,
    strict: bool = False,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> ConversionReport:
    """Write a recording in another format.

    The target appears under its name only when it is complete; memory stays constant. Frames, IMU
    samples and triggers come along where the target can hold them.

    Args:
        source: What to read: a name, or an open source, which stays open.
        path: Where to write.
        format: Name of the format; None to go by the extension of `path`.
        sensor: Size of the pixel array, where the recording is wrong; not for an open source.
        read: As in `open_source`; not for an open source.
        force: Whether to replace what is there.
        strict: Whether damage is an error; nothing is written then.
        on_progress: Called after each packet.
        options: Further arguments of the writer.

    Raises:
        SourceError: If the source cannot be read, or none of it, or if it is damaged and `strict`.
        ConfigError: If there is no such format, or the source is live.
        OutputError: If the target exists, is the source, cannot be written or cannot hold an
            event; an earlier file of that name stays.
    """
    with _opened(source, sensor, read, strict=strict) as opened:
        target = _checked_target(opened, path, format, force=force)
        return _copy(opened, opened, path, target, options, strict=strict, on_progress=on_progress)


def cut(
    source: str | Path | Source,
    path: str | Path,
    start_s: float = 0.0,
    end_s: float | None = None,
    *,
    format: str | None = None,  # noqa: A002
    sensor: SensorSize | None = None,
    read: Mapping[str, str] | None = None,
    force: bool = False,
    strict: bool = False,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> ConversionReport:
    """Write the stretch `[start_s, end_s)` of a recording; times stay as they are.

    Args:
        source: As in `convert`.
        path: As in `convert`.
        start_s: Begin of the stretch in seconds after the first event.
        end_s: Its end, likewise; None for the end of the recording.
        format: As in `convert`, but that of the source where the extension allows it.
        sensor: As in `convert`.
        read: As in `convert`.
        force: As in `convert`.
        strict: As in `convert`; only damage met on the way counts.
        on_progress: As in `convert`.
        options: As in `convert`.

    Raises:
        ConfigError: If the stretch is empty or begins before 0; also as in `convert`.
        SourceError: If there is nothing in the stretch; also as in `convert`.
        OutputError: As in `convert`.
    """
    if not start_s >= 0:
        raise ConfigError("start", start_s, "0 or more seconds after the first event")
    if end_s is not None and not end_s > start_s:
        raise ConfigError("end", end_s, f"more than the start ({start_s:g} s)")
    with _opened(source, sensor, read, strict=strict) as opened:
        target = _checked_target(opened, path, format or _same_format(opened, path), force=force)
        packets = clip(opened, start_s=start_s, end_s=end_s)
        if start_s or end_s is not None:
            packets = _not_nothing(packets, opened, start_s, end_s)
        return _copy(opened, packets, path, target, options, strict=strict, on_progress=on_progress)


def repair(
    source: str | Path | Source,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    sensor: SensorSize | None = None,
    read: Mapping[str, str] | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> ConversionReport:
    """Write all of a damaged recording that can be read; the target is sound.

    Arguments and errors are those of `convert`, except that the format is that of the source
    where the extension allows it. `damage` of the report says what was wrong.
    """
    with _opened(source, sensor, read) as opened:
        target = _checked_target(opened, path, format or _same_format(opened, path), force=force)
        return _copy(opened, opened, path, target, options, strict=False, on_progress=on_progress)


def _not_nothing(
    packets: Iterable[Packet], source: Source, start_s: float, end_s: float | None
) -> Iterator[Packet]:
    """Yield packets; refuse a stretch of a sound recording in which there is nothing at all."""
    found = False
    for packet in packets:
        found = found or bool(
            len(packet) or packet.frames or packet.imu.size or packet.triggers.size
        )
        yield packet
    if not found and not source.damage:
        until = "its end" if end_s is None else f"{end_s:g} s"
        problem = f"holds nothing from {start_s:g} s to {until} after its first event"
        remedy = "see with `eventvision info` how long it is"
        raise SourceError(source.info.name, problem, remedy)


def _checked_target(
    source: Source, path: str | Path, name: str | None, *, force: bool
) -> FileFormat:
    target = target_format(path, name)
    if Path(path).exists():
        for read in {source.info.name, source.info.name.rpartition("#")[0]}:
            if read and Path(read).exists() and Path(path).samefile(read):
                raise OutputError(path, "is the recording to be read", "choose another name")
        if not force:
            remedy = "choose another name, or replace it (--force)"
            raise OutputError(path, "exists already", remedy)
    return target


def _same_format(source: Source, path: str | Path) -> str | None:
    """Return the name of the format of a source, where files named like `path` can have it.

    An EVT2 recording is then cut or repaired as EVT2, though `.raw` alone would mean EVT3, and a
    bag keeps its kind of message.
    """
    bag = re.match(r"(ROS\d) bag, (\w+)/", source.info.format)
    name = f"{Path(path).suffix}:{bag[2]}" if bag else source.info.format.removesuffix(" legacy")
    same = writable_format(name)
    return same.name if same and Path(path).suffix.lower() in same.suffixes else None


@contextmanager
def _opened(
    source: str | Path | Source,
    sensor: SensorSize | None,
    read: Mapping[str, str] | None,
    *,
    strict: bool = False,
) -> Iterator[Source]:
    if isinstance(source, (str, Path)):
        opened = open_source(source, sensor=sensor, read=read, strict=strict)
        with opened, _opened(opened, None, None) as checked:
            yield checked
        return
    if source.is_live:
        raise ConfigError(
            "source",
            source.info.name,
            "a recording; live streams are recorded (eventvision record)",
        )
    yield source


def _copy(
    source: Source,
    packets: Iterable[Packet],
    path: str | Path,
    target: FileFormat,
    options: dict[str, Any],
    *,
    strict: bool,
    on_progress: OnProgress | None,
) -> ConversionReport:
    info = source.info
    part = PartFile(path)
    try:
        writer = open_writer(
            part.path, info.sensor, format=target.name, force=True, camera=info.camera, **options
        )
        found = _write_all(writer, source, packets, on_progress)
        _check_source(source, found, strict=strict)
        part.keep()
    except OutputError as error:
        part.discard()
        raise OutputError(path, error.problem, error.remedy) from error
    except BaseException:
        part.discard()
        raise
    written = {kind: n if _holds(target, kind) else 0 for kind, n in found.items()}
    dropped = {kind: n for kind, n in found.items() if n and not _holds(target, kind)}
    return ConversionReport(
        source=info.name,
        target=str(path),
        read_as=info.format,
        written_as=target.name,
        sensor=info.sensor,
        written=written,
        dropped=dropped,
        notes=(
            *info.notes,
            *losses(target, dropped),
            *target.notes,
            *getattr(writer, "notes", ()),
        ),
        damage=source.damage,
    )


def _write_all(
    writer: EventWriter,
    source: Source,
    packets: Iterable[Packet],
    on_progress: OnProgress | None,
) -> dict[str, int]:
    found = {"events": 0, "frames": 0, "imu": 0, "triggers": 0}
    try:
        for packet in packets:
            writer.write(packet)
            found["events"] += len(packet)
            found["frames"] += len(packet.frames)
            found["imu"] += packet.imu.size
            found["triggers"] += packet.triggers.size
            if on_progress is not None:
                on_progress(source.progress, found["events"])
    except BaseException:
        with suppress(OutputError):
            writer.close()
        raise
    writer.close()
    return found


def _check_source(source: Source, found: dict[str, int], *, strict: bool) -> None:
    if source.damage and strict:
        raise damage_refused(source.info.name, source.damage)
    if source.damage and not any(found.values()):
        problem = f"nothing in it can be read ({source.damage})"
        raise FormatError(source.info.name, problem, "copy or record it again")


def _holds(target: FileFormat, kind: str) -> bool:
    return kind == "events" or kind in target.carries
