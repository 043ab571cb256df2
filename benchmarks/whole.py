"""Where the time of a whole replay goes: CPU time of every stage, for each slice.

Read, remove background activity, cut where the spiking trigger says, detection, segmentation,
depth and reconstruction by the shipped networks (int8, one thread), tracking, MP4 and JSON lines.
CPU time is that of the thread in which a stage runs, without what it calls that has a row of its
own, so it hardly depends on what else the machine does. The rest is the interpreter between stages
and what the video encoder does in threads of its own.

    python -m benchmarks.whole [--json] [--recordings DIR]

DIR holds real recordings with a `manifest.json`; without it, those that ship are replayed, up to
two seconds of each, once.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from eventvision.devices import DeviceSession
from eventvision.filters import BackgroundActivity
from eventvision.io import open_source
from eventvision.pipeline import RunConfig, build_pipeline
from eventvision.simulation import shipped_recording
from eventvision.sinks import JsonlSink, VideoSink
from eventvision.sinks._encoder import H264File
from eventvision.slicing import SliceByTrigger
from eventvision.tasks import (
    LearnedDepth,
    LearnedDetection,
    LearnedReconstruction,
    LearnedSegmentation,
    Network,
    Tracking,
)

from ._harness import Options, Row, run_benchmark, tell

SHIPPED = ("street", "room", "shapes", "juggle", "mixed_speed")
TASKS = ("detection:model", "segmentation", "depth", "reconstruction:model", "tracking")
MOST_S = 2.0
READ, TRIGGER, START, REST = "read", "trigger", "start", "rest"
STAGES: dict[str, tuple[type[Any], str]] = {
    "denoise": (BackgroundActivity, "process"),
    TRIGGER: (SliceByTrigger, "push"),
    "render": (Network, "step"),
    "networks": (DeviceSession, "step"),
    "detection": (LearnedDetection, "step"),
    "segmentation": (LearnedSegmentation, "step"),
    "depth": (LearnedDepth, "step"),
    "reconstruction": (LearnedReconstruction, "step"),
    "tracking": (Tracking, "step"),
    "draw": (VideoSink, "_append"),
    "encode": (H264File, "write"),
    "JSON lines": (JsonlSink, "write"),
}


class Clock:
    """Counts CPU seconds by stage; what a stage calls that is one itself counts there only.

    Attributes:
        seconds: CPU seconds by stage.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._here = threading.local()

    @contextmanager
    def counting(self, stage: str) -> Iterator[None]:
        """Count what is done inside, in this thread."""
        outer, self._here.inner = getattr(self._here, "inner", 0.0), 0.0
        began = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - began
            self.seconds[stage] += spent - self._here.inner
            self._here.inner = outer + spent

    def calls(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose calls are counted."""

        @functools.wraps(function)
        def counted(*given: Any, **named: Any) -> Any:
            with self.counting(stage):
                return function(*given, **named)

        return counted

    def items(self, stage: str, function: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
        """Return a function that yields, of which only getting the items is counted."""

        @functools.wraps(function)
        def counted(*given: Any, **named: Any) -> Iterator[Any]:
            found = iter(function(*given, **named))
            while True:
                with self.counting(stage):
                    item = next(found, None)
                if item is None:
                    return
                yield item

        return counted


def replayed(path: Path | str) -> tuple[int, dict[str, float]]:
    """Replay a recording; return its slices, and CPU seconds by stage."""
    clock = Clock()
    with TemporaryDirectory() as folder, ExitStack() as patches:
        patches.enter_context(mock.patch("os.cpu_count", return_value=1))
        for stage, (owner, name) in STAGES.items():
            wrap = clock.items if stage == TRIGGER else clock.calls
            patches.enter_context(mock.patch.object(owner, name, wrap(stage, getattr(owner, name))))
        config = RunConfig(
            source=str(path), slicer="trigger", tasks=TASKS, device="cpu", end_s=MOST_S,
            video=Path(folder) / "whole.mp4", results=Path(folder) / "whole.jsonl",
        )  # fmt: skip
        began = time.process_time()
        source = patches.enter_context(open_source(config.source))
        reads = clock.items(READ, type(source).__iter__)
        patches.enter_context(mock.patch.object(type(source), "__iter__", reads))
        pipeline = build_pipeline(config, source)
        opened = time.process_time()
        summary = pipeline.run()
        ended = time.process_time()
    clock.seconds[START] = opened - began
    clock.seconds[REST] = ended - began - sum(clock.seconds.values())
    return summary.slices, clock.seconds


def recordings(folder: Path | None) -> list[tuple[str, Path | str]]:
    """Return names and paths of what is replayed."""
    if folder is None:
        return [(name, shipped_recording(name)) for name in SHIPPED]
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    paths = [(item["file"], folder / item["file"]) for item in items]
    is_set = ("nmnist_400.npz", "mnist_dvs_60.npz")
    return [(name, f"{path}#0" if path.name in is_set else path) for name, path in paths]


def measure(options: Options) -> list[Row]:
    """Replay all; rows for each recording, then the stages of all together."""
    rows, slices = [], 0
    total: defaultdict[str, float] = defaultdict(float)
    replayed(shipped_recording("shapes"))  # kernels are compiled once per machine
    for name, path in recordings(options.recordings):
        tell(name)
        count, seconds = replayed(path)
        slices += count
        for stage, spent in seconds.items():
            total[stage] += spent
        running = sum(seconds.values()) - seconds[START]
        rows.append(_row(f"{name}, {count} slices: all", running / max(count, 1)))
    by_cost = sorted(total.items(), key=lambda item: -item[1])
    rows += [_row(f"all: {stage}", spent / slices) for stage, spent in by_cost]
    return rows


def _row(label: str, seconds: float) -> Row:
    return Row(label=label, unit="ms of CPU per slice", ours=1e3 * seconds, less_is_better=True)


if __name__ == "__main__":
    run_benchmark("whole", __doc__ or "", measure)
