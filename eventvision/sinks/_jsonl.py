"""Results as JSON lines: one object per slice, readable while it grows.

Every line goes to the operating system in one piece, so that a run that is killed leaves whole
lines behind. The schema is documented in `docs/results.md`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Alarm,
    Counts,
    Depth,
    Detections,
    PartFile,
    Passage,
    Segmentation,
    SliceResult,
    Tracks,
    output_errors,
)

from ._results import last_of

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


_DEPTH_EVERY = 2
"""Of the distances, every so many rows and columns are looked at: sorting them all takes long."""


class JsonlSink:
    """Writes one JSON object per slice to a file.

    Equal results give equal bytes. Lines go to `PATH.part`, which `close` renames to `PATH`.

    Args:
        path: Target; missing folders are created, an existing file is replaced at `close`.

    Raises:
        OutputError: If the target cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._part = PartFile(path)
        with output_errors(path):
            self._file = self._part.path.open("wb", buffering=0)
        self._bytes_written = 0
        self._failed = False

    def write(self, result: SliceResult) -> None:
        """Append the line of one slice.

        Raises:
            OutputError: If it cannot be stored; the lines before stay whole, in the part.
        """
        line = _JSON.encode(as_object(result)).encode() + b"\n"
        with output_errors(self._path):
            self._append(line)

    def close(self) -> None:
        """Give the file its final name, unless writing failed; may be called twice."""
        if self._file.closed:
            return
        with output_errors(self._path):
            self._file.close()
        if not self._failed:
            self._part.keep()

    def discard(self) -> None:
        """Remove what was written, instead of `close`; an earlier file at the target stays."""
        self._file.close()
        self._part.discard()

    def _append(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._failed = True
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), self._bytes_written)
            raise
        self._bytes_written += len(line)


def as_object(result: SliceResult) -> dict[str, object]:
    """Return what the results file says about a slice; the schema is in `docs/results.md`."""
    slice_ = result.slice
    line: dict[str, object] = {
        "slice": slice_.index,
        "t0_us": int(slice_.t0_us),
        "t1_us": int(slice_.t1_us),
        "events": len(slice_),
        "ended_by": slice_.ended_by,
        "width": slice_.events.sensor.width,
        "height": slice_.events.sensor.height,
    }
    if (detections := last_of(result, Detections)) is not None:
        line["detections"] = list(_detections(detections))
    if (tracks := last_of(result, Tracks)) is not None:
        line["tracks"] = list(_tracks(tracks))
    if (alarm := last_of(result, Alarm)) is not None:
        line["alarm"] = {"began": alarm.began, "objects": list(_detections(alarm.objects))}
    if (counts := last_of(result, Counts)) is not None:
        line["counts"] = _counts(counts)
    if (segmentation := last_of(result, Segmentation)) is not None:
        line["segmentation"] = _class_shares(segmentation)
    if (depth := last_of(result, Depth)) is not None:
        line["depth"] = _depth_range(depth)
    return line


def _class_shares(found: Segmentation) -> dict[str, float]:
    counts = np.bincount(found.mask.ravel(), minlength=len(found.class_names))
    shares = _rounded(counts / max(found.mask.size, 1), 4)
    return dict(zip(found.class_names, shares, strict=True))


def _depth_range(found: Depth) -> dict[str, object]:
    """Tell of the distances that are known at all, nearest tenth, middle, farthest tenth."""
    seen = found.depth[::_DEPTH_EVERY, ::_DEPTH_EVERY]
    known = seen[np.isfinite(seen) & (seen > 0)]
    tenths = np.quantile(known, (0.1, 0.5, 0.9)) if known.size else np.zeros(3)
    near, median, far = _rounded(tenths, 3)
    return {"near": near, "median": median, "far": far, "is_metric": found.metric}


def _detections(found: Detections) -> Iterator[dict[str, object]]:
    rows = zip(_boxes(found.boxes), _rounded(found.scores, 3), found.classes.tolist(), strict=True)
    for box, score, class_ in rows:
        yield {**box, "score": score, "class": found.class_names[class_]}


def _tracks(found: Tracks) -> Iterator[dict[str, object]]:
    rows = zip(
        found.ids.tolist(),
        _boxes(found.boxes),
        _rounded(found.velocities[:, 0], 2),
        _rounded(found.velocities[:, 1], 2),
        found.ages_us.tolist(),
        _rounded(found.scores, 3),
        found.classes.tolist(),
        strict=True,
    )
    for id_, box, vx, vy, age_us, score, class_ in rows:
        yield {
            "id": id_,
            **box,
            "vx_px_s": vx,
            "vy_px_s": vy,
            "age_us": age_us,
            "score": score,
            "class": found.class_names[class_],
        }


def _counts(found: Counts) -> dict[str, object]:
    zones = ("name", "inside", "entered", "dwell_us", "longest_us")
    return {
        "lines": [_named(line, ("name", "forward", "backward")) for line in found.lines],
        "zones": [_named(zone, zones) for zone in found.zones],
        "passages": [_passage(passage) for passage in found.passages],
    }


def _passage(found: Passage) -> dict[str, object]:
    told: dict[str, object] = {
        "gate": found.gate,
        "way": found.way,
        "id": found.id,
        "class": found.class_name,
        "at_us": found.at_us,
        "x": round(found.x_px, 2),
        "y": round(found.y_px, 2),
        "vx_px_s": round(found.vx_px_s, 2) + 0.0,
        "vy_px_s": round(found.vy_px_s, 2) + 0.0,
    }
    if found.speed_m_s is not None:
        told["speed_m_s"] = round(found.speed_m_s, 3)
    if found.dwell_us is not None:
        told["dwell_us"] = found.dwell_us
    return told


def _named(found: object, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(found, name) for name in names}


def _boxes(boxes: NDArray[np.float32]) -> Iterator[dict[str, float]]:
    columns = (_rounded(column, 2) for column in boxes.T)
    for row in zip(*columns, strict=True):
        yield dict(zip("xywh", row, strict=True))


def _rounded(values: NDArray[np.floating[Any]], decimals: int) -> list[float]:
    """Round in double precision; adding zero turns -0.0 into 0.0."""
    rounded: list[float] = (values.astype(np.float64).round(decimals) + 0.0).tolist()
    return rounded
