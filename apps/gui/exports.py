"""What can be made of a recording: another format, a stretch, a sound copy, a video, results.

Each form checks its fields and gives the work to be done in a thread; the work calls the same
public functions as the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from eventvision.core import ConfigError, OutputError, SensorSize
from eventvision.io import ConversionReport, convert, cut, open_source, repair, target_format
from eventvision.pipeline import Progress, RunConfig, build_pipeline

from .amounts import count_text, size_text
from .jobs import JobCancelledError, Report, Work

Kind = Literal["convert", "cut", "repair", "video", "results"]

TITLES: Mapping[Kind, str] = {
    "convert": "Convert to another format",
    "cut": "Save a part",
    "repair": "Repair a damaged recording",
    "video": "Export a video",
    "results": "Export results",
}
SUFFIXES: Mapping[Kind, str] = {
    "convert": ".raw",
    "cut": "",
    "repair": "",
    "video": ".mp4",
    "results": ".jsonl",
}
"""Extension of new files; empty for that of the source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportForm:
    """One export.

    Attributes:
        kind: What is made.
        source: The recording.
        out: The file that is written.
        force: Whether it may replace what is there.
        start_s: Begin in seconds after the first event.
        end_s: End, likewise; None for that of the recording.
        video_fps: Frames a second of a video.
        slowdown: Recording time is stretched by this much in a video; 1 is real time.
        sensor: Size of the pixel array, where the recording is wrong.
        read: What the reader should not find out by itself.
        run: Filters, tasks, device as the pipeline is set at present; for video and results.
    """

    kind: Kind
    source: str
    out: Path
    force: bool = False
    start_s: float = 0.0
    end_s: float | None = None
    video_fps: float = 30.0
    slowdown: float = 1.0
    sensor: SensorSize | None = None
    read: Mapping[str, str] | None = None
    run: RunConfig | None = None

    def checked(self) -> ExportForm:
        """Return the form.

        Raises:
            ConfigError: If a field cannot be used.
            OutputError: If the target is there already, or cannot be.
        """
        if not self.start_s >= 0:
            raise ConfigError("begin", self.start_s, "0 or more seconds after the first event")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise ConfigError("end", self.end_s, f"more than the begin ({self.start_s:g} s)")
        if not str(self.out) or self.out.is_dir():
            raise ConfigError("file", str(self.out), "the name of a new file")
        if self.kind in ("video", "results"):
            self._config()
            wanted = SUFFIXES[self.kind]
            if self.out.suffix.lower() != wanted:
                raise ConfigError("file", self.out.name, f"a name ending in {wanted}")
        else:
            target_format(self.out, None)
        if self.out.exists() and not self.force:
            raise OutputError(self.out, "exists already", "choose another name or replace it")
        return self

    def work(self) -> Work:
        """Return what is to be done in a thread."""
        return self._render if self.kind in ("video", "results") else self._rewrite

    def _rewrite(self, report: Report) -> str:
        def on_progress(share: float | None, events: int) -> None:
            report(share, count_text(events, "event"))

        shared: dict[str, Any] = {
            "sensor": self.sensor,
            "read": self.read,
            "force": self.force,
            "on_progress": on_progress,
        }
        report(0.0, "opening")
        if self.kind == "convert":
            done = convert(self.source, self.out, **shared)
        elif self.kind == "repair":
            done = repair(self.source, self.out, **shared)
        else:
            done = cut(self.source, self.out, self.start_s, self.end_s, **shared)
        return _told(done, self.out)

    def _render(self, report: Report) -> str:
        report(0.0, "opening")
        config = self._config()
        with open_source(config.source, sensor=config.sensor, read=config.read) as source:
            stopped = threading.Event()

            def on_progress(progress: Progress) -> None:
                try:
                    report(progress.share, count_text(progress.slices, "slice"))
                except JobCancelledError:
                    stopped.set()
                    pipeline.stop()

            pipeline = build_pipeline(config, source, on_progress)
            summary = pipeline.run()
        if stopped.is_set():
            with suppress(OSError):
                self.out.unlink()
            raise JobCancelledError
        if not self.out.is_file():
            return "there was nothing to write: the recording holds no events here"
        size = size_text(self.out.stat().st_size)
        return f"{count_text(summary.slices, 'slice')}, {size}, in {self.out}"

    def _config(self) -> RunConfig:
        base = self.run or RunConfig.checked(source=self.source)
        values = {
            **{name: getattr(base, name) for name in type(base).model_fields},
            "source": self.source,
            "sensor": self.sensor or base.sensor,
            "read": dict(self.read) if self.read is not None else base.read,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "speed": "max",
            "video": None,
            "results": None,
            "arrays": None,
            "record": None,
            self.kind: self.out,
        }
        if self.kind == "video":
            window_us = max(100, round(1e6 / self.video_fps / self.slowdown))
            values |= {"video_fps": self.video_fps, "slicer": f"time:{window_us}us"}
        return RunConfig.checked(**values)


def _told(done: ConversionReport, out: Path) -> str:
    lines = [f"{done}, {size_text(_bytes(out))}, in {out}", *done.notes]
    if done.damage:
        lines.append(f"The source is damaged: {done.damage}.")
    return "\n".join(lines)


def _bytes(path: Path) -> int:
    """Return the size of a file, or of what a folder holds."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(each.stat().st_size for each in files if each.is_file())


def new_export(kind: Kind, source: str, folder: Path | None = None) -> ExportForm:
    """Return a form to begin with; its file lies beside the source, or in a folder, and is new."""
    name = Path(source.partition("#")[0])
    suffix = SUFFIXES[kind] or name.suffix
    ending = {"cut": "-part", "repair": "-repaired"}.get(kind, "")
    out = _free((folder or name.parent) / f"{name.stem}{ending}{suffix}")
    return ExportForm(kind=kind, source=source, out=out)


def _free(path: Path) -> Path:
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return free


def with_stretch(form: ExportForm, start_s: float | None, end_s: float | None) -> ExportForm:
    """Return a form for the stretch between two marks, either of which may be missing."""
    return replace(form, start_s=start_s or 0.0, end_s=end_s)
