"""Draws what an event costs a graph: by the age of the stream, by the sensor, beside dense ones.

CPU times of one thread, best of some runs, of the small network of the benchmarks.

    python docs/scripts/graph_cost.py [docs/pictures/graph-cost.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks import _graph_runs as runs  # noqa: E402

CHANNELS, COUNT, REPEAT = [16, 16], 100_000, 3
BEFORE = (0, 100_000, 200_000, 500_000, 1_000_000)
SIZES = ((173, 130), (346, 260), (640, 480), (1280, 720))
FORMS = ("float32", "int8", "spiking")


def best_us(**call: object) -> float:
    """Return microseconds per event, best of some runs."""
    given = {"channels": CHANNELS, "count": COUNT, **call}
    return min(runs.ours_by_event(**given) for _ in range(REPEAT))  # type: ignore[arg-type]


def dense(width: int, height: int) -> float:
    """Return the operations of a network of frames of the same reach, for one answer."""
    return runs.dense_operations(CHANNELS) * width * height / (runs.WIDTH * runs.HEIGHT)


def main() -> None:
    """Measure and draw."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/pictures/graph-cost.png")
    figure, (age, size, work) = plt.subplots(1, 3, figsize=(12, 3.6))
    for form in FORMS:
        age.plot(
            [before / 1e6 for before in BEFORE],
            [best_us(form=form, before=before) for before in BEFORE],
            "o-",
            label=form,
        )
        size.plot(
            [w * h / 1e3 for w, h in SIZES],
            [best_us(form=form, size=(w, h)) for w, h in SIZES],
            "o-",
            label=form,
        )
    pixels = [w * h / 1e3 for w, h in SIZES]
    for form, colour in (("int8", "C1"), ("spiking", "C2")):
        count = runs.operations_by_event(CHANNELS, form, COUNT)
        label = f"graph, {form}, an event"
        work.plot(pixels, [count] * len(SIZES), "o-", color=colour, label=label)
    frames = [dense(w, h) for w, h in SIZES]
    work.plot(pixels, frames, "s--", color="C3", label="convolutions, a frame")
    for axes, title, unit in (
        (age, "age of the stream", "million events before"),
        (size, "size of the sensor", "thousand pixels"),
        (work, "operations of an answer", "thousand pixels"),
    ):
        axes.set_title(title)
        axes.set_xlabel(unit)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    for axes in (age, size):
        axes.set_ylabel("us per event")
        axes.set_ylim(0)
    size.set_xscale("log")
    work.set(xscale="log", yscale="log")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
