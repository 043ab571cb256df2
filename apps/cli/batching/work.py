"""One recording, from beginning to end; runs in a worker, which may be on another machine."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from eventvision.core import Detections, EventVisionError, SliceResult, Tracks
from eventvision.io import open_source
from eventvision.pipeline import RunConfig, build_pipeline
from eventvision.sinks import ParquetSink

from .jobs import Job, Outcome

RESULTS = "results.parquet"
POINTS = 100


def work(job: Job, worker: str = "") -> Outcome:
    """Do a job; whatever goes wrong is the outcome.

    A failure that is not foreseen is told with its kind, so that it can be looked into.

    Args:
        job: What to do.
        worker: Who does it; this process if empty.
    """
    worker = worker or f"{socket.gethostname()}, process {os.getpid()}"
    began_s = time.monotonic()
    folder = Path(job.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        outcome = replace(_done(job, folder, began_s), worker=worker)
        outcome.save(folder)
    except EventVisionError as error:
        problem = str(error)
    except MemoryError:
        problem = f"{job.source}: there is not enough memory; use fewer workers"
    except Exception as error:
        problem = f"{job.source}: {type(error).__name__}: {error}"
    else:
        return outcome
    return Outcome(job.source, "failed", job.mark, problem, _since(began_s), worker=worker)


def _done(job: Job, folder: Path, began_s: float) -> Outcome:
    config = RunConfig.checked(**{**job.settings, "source": job.source})
    curves = _Curves()
    opened = open_source(
        config.source, sensor=config.sensor, read=config.read, strict=config.strict
    )
    with opened as source:
        table = ParquetSink(folder / RESULTS)
        try:
            summary = build_pipeline(config, source, sinks=(table, curves)).run()
        except BaseException:
            table.discard()
            raise
    damage = str(summary.damage) if summary.damage else ""
    return Outcome(
        job.source,
        "damaged" if damage else "done",
        job.mark,
        damage,
        _since(began_s),
        summary.as_dict(),
        curves.as_dict(),
    )


def _since(began_s: float) -> float:
    return round(time.monotonic() - began_s, 3)


class _Curves:
    """How many events and objects there were over time; a `Sink` in bounded memory."""

    def __init__(self) -> None:
        self._values: list[tuple[float, float]] = []
        self._part: list[tuple[float, float]] = []
        self._slices_a_value = 1

    def write(self, result: SliceResult) -> None:
        """Take the result of one slice."""
        seconds = max(result.slice.duration_us, 1) * 1e-6
        self._part.append((len(result.slice) / seconds, float(_objects(result))))
        if len(self._part) == self._slices_a_value:
            self._values.append(_mean(self._part))
            self._part = []
        if len(self._values) == 2 * POINTS:
            pairs = zip(self._values[::2], self._values[1::2], strict=True)
            self._values = [_mean(list(pair)) for pair in pairs]
            self._slices_a_value *= 2

    def close(self) -> None:
        """Take what is left into account."""
        if self._part:
            self._values.append(_mean(self._part))
            self._part = []

    def as_dict(self) -> dict[str, list[float]]:
        """Return means over stretches of equal numbers of slices."""
        rates, objects = zip(*self._values, strict=True) if self._values else ((), ())
        return {
            "event_rate_hz": [round(rate, 1) for rate in rates],
            "objects": [round(count, 3) for count in objects],
        }


def _mean(values: list[tuple[float, float]]) -> tuple[float, float]:
    rate, objects = np.mean(values, axis=0).tolist()
    return rate, objects


def _objects(result: SliceResult) -> int:
    found = [r for r in result.results.values() if isinstance(r, Detections | Tracks)]
    return len(found[-1]) if found else 0
