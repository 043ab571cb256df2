"""The desktop application: start, display rate and stalls while 1280x720 is played.

A stall is a time in which the window did nothing: a timer of 1 ms beats in its thread, and the
longest time between two beats counts. Work at once is the CPU time of its thread for one event of
its loop, which other programs on the machine do not change. Drawing alone is beside the plainest
viewers of others.

    python -m benchmarks.gui [--json] [--repeat N]
    python -m benchmarks.gui_memory [--minutes M]

Under `xvfb-run -s "-screen 0 1600x1000x24"` it is a window as on any desktop; without a screen it
is drawn and not shown. `cv2.imshow` needs the package `opencv-python`, in an environment of its own
(`EVENTVISION_PEERS_PYTHON`), since its Qt and that of PyQt6 cannot both be loaded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import open_writer

from ._harness import Absent, Options, Row, race, rows_of, run_benchmark, tell
from ._worker import Worker

SENSOR = SensorSize(1280, 720)
FOLDER = Path(__file__).parents[1] / "out" / "benchmarks"
RATE_HZ = 10_000_000
PLAYED_S = 8.0
FRAMES = 60
BY_HAND = ("reconstruction:fibar", "detection:clusters", "tracking")
EVERY = (
    "reconstruction:model", "detection:model", "segmentation:model", "depth:model", "graph:model",
    "tracking", "alarm:region=400x300+100+100", "counting:line=640x720-640x0",
)  # fmt: skip
LARGE_S = 13
"""So many seconds of it are a recording of more than 1 GB."""


def scene(rate_hz: float, seconds: float) -> NDArray[np.void]:
    """Return the events of bars that move over noise: as many as asked for, in order."""
    draw = np.random.default_rng(7)
    count = round(rate_hz * seconds)
    events = np.zeros(count, EVENT_DTYPE)
    t = (np.arange(count) * (seconds * 1e6 / count)).astype(np.int64)
    bar = draw.integers(0, 8, count)
    x = (bar * 160 + t // 2_000 + draw.integers(0, 6, count)) % SENSOR.width
    noise = draw.random(count) < 0.1
    x[noise] = draw.integers(0, SENSOR.width, int(noise.sum()))
    events["t"], events["x"] = t, x
    events["y"] = draw.integers(0, SENSOR.height, count)
    events["on"] = draw.random(count) < 0.5
    return events


def recording(seconds: int = 1, name: str = "gui-1280x720") -> Path:
    """Return the recording that is played, made if it is not there: a second, again and again."""
    path = FOLDER / f"{name}.aedat4"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        writer = open_writer(path, SENSOR)
        events = scene(RATE_HZ, 1.0)
        for _ in range(seconds):
            for part in np.array_split(events, 200):
                writer.write(Packet(Events(part.copy(), SENSOR)))
            events["t"] += 1_000_000
        writer.close()
    return path


def windows() -> Path:
    """Return the events that are drawn, as an array that needs none of our code to load."""
    path = FOLDER / "gui-windows.npy"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        np.save(path, scene(RATE_HZ, FRAMES / 100))
    return path


def starts(options: Options) -> list[Row]:
    """Time the start; the first lap warms the caches of files."""
    with Worker("_gui_ours.py") as ours:
        laps = [ours.call("start").value for _ in range(options.repeat + 1)][1:]
    shown = min(lap["shown"] for lap in laps)
    loaded = min(lap["loaded"] for lap in laps)
    return [
        Row(label="start to a usable window", unit="s", ours=shown, less_is_better=True),
        Row(label="start to all being loaded", unit="s", ours=loaded, less_is_better=True),
    ]


def plays() -> list[Row]:
    """Play with nothing to do, with what needs no model, and with every task and its model."""
    rows: list[Row] = []
    for label, views, tasks, asked_fps in (
        ("1 view, no tasks", 1, (), 30),
        ("2 views, no tasks", 2, (), 30),
        ("2 views, no tasks, 50 fps asked for", 2, (), 50),
        ("2 views, all tasks without a model", 2, BY_HAND, 30),
        ("2 views, all tasks without a model, 50 fps asked for", 2, BY_HAND, 50),
        ("2 views, all tasks, five models", 2, EVERY, 30),
    ):
        tell(f"playing, {label}")
        with Worker("_gui_ours.py") as ours:
            found = ours.call(
                "play", path=str(recording()), seconds=PLAYED_S, views=views, tasks=list(tasks),
                speed=1.0, fps=asked_fps,
            ).value  # fmt: skip
        name = f"1280x720, {RATE_HZ / 1e6:.0f} Mev/s, {label}"
        rows += [
            Row(label=f"{name}: display", unit="fps", ours=found["fps"]),
            Row(label=f"{name}: played", unit="Mev/s", ours=found["mev_s"]),
            Row(label=f"{name}: window's share of a core", unit="", ours=found["window_cpu"]),
            *_smooth(name, found),
        ]
    return rows


def scrubs() -> list[Row]:
    """Drag the position over a recording of more than 1 GB, 60 moves a second."""
    tell("scrubbing")
    path = recording(LARGE_S, "gui-large")
    with Worker("_gui_ours.py") as ours:
        found = ours.call("scrub", path=str(path), seconds=PLAYED_S).value
    name = f"drag over {path.stat().st_size / 1e9:.1f} GB of AEDAT4"
    return [
        Row(label=f"{name}: places seen", unit="fps", ours=found["fps"]),
        Row(label=f"{name}: let go to shown", unit="ms", ours=found["settled_ms"]),
        *_smooth(name, found),
    ]


def _smooth(name: str, found: dict[str, float]) -> list[Row]:
    """Return how long the window did nothing else."""
    return [
        Row(label=f"{name}: longest stall", unit="ms", ours=found["worst_ms"]),
        Row(label=f"{name}: most work at once", unit="ms of CPU", ours=found["work_ms"]),
        Row(label=f"{name}: stalls over 50 ms", unit=f"in {PLAYED_S:.0f} s", ours=found["stalls"]),
    ]


def draws(options: Options) -> list[Row]:
    """Draw windows of 10 ms beside others."""
    tell("drawing")
    shared: dict[str, object] = {
        "path": str(windows()), "width": SENSOR.width, "height": SENSOR.height, "frames": FRAMES,
    }  # fmt: skip
    with (
        Worker("_gui_ours.py") as ours,
        Worker.of_peers("_gui_peers.py") as pyqtgraph,
        Worker.of_peers("_gui_peers.py") as cv2,
        Worker.of_peers("_gui_peers.py") as dv,
    ):

        def run(worker: Worker, function: str, **others: object) -> float:
            return float(worker.call(function, **(shared | others)).value)

        results = race(
            {
                "ours": lambda: run(ours, "draw"),
                "pyqtgraph ImageItem": lambda: run(pyqtgraph, "pyqtgraph"),
                "cv2.imshow": lambda: run(cv2, "cv2"),
                "dv-processing and cv2.imshow": lambda: run(
                    dv, "dv_processing", path=str(recording())
                ),
            },
            repeat=options.repeat,
        )
    label = f"draw and show 10 ms of {RATE_HZ / 1e6:.0f} Mev/s, 1280x720"
    return rows_of(label, "pictures/s", results)


def measure(options: Options) -> list[Row]:
    """Measure start, playing, scrubbing and drawing."""
    try:
        return [*starts(options), *plays(), *scrubs(), *draws(options)]
    except KeyError as missing:
        raise Absent("the window did not come up", str(missing)) from None


if __name__ == "__main__":
    run_benchmark("gui", __doc__ or "", measure)
