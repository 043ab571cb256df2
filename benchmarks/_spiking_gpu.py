"""The rows of the `spiking` benchmark that need a GPU."""

from __future__ import annotations

from collections.abc import Callable

from ._harness import Absent, Row, race, rows_of, tell
from ._worker import Worker

SCRIPT = "_spiking_gpu_runs.py"
STEPS = (4, 8, 16, 32)


def gpu_rows(repeat: int) -> list[Row]:
    """Race on [T, 64, 65536]; no rows where there is no GPU, which is said."""
    with Worker(SCRIPT) as ours, Worker.of_peers(SCRIPT) as peers:
        try:
            ours.call("floor_ms", steps=1, half=True)
        except Absent as reason:
            tell(f"no GPU rows: {reason.detail or reason.remark}")
            return []
        rows = [
            row
            for half in (True, False)
            for steps in STEPS
            for row in _race(ours, peers, steps, half, repeat)
        ]
        return [*rows, *_scatter(ours, repeat)]


def _scatter(ours: Worker, repeat: int) -> list[Row]:
    """Time events to a voxel grid beside reading the events and writing the grid once."""
    label = "10 M events to a voxel grid on a GPU, 1280x720"
    tell(label)
    contestants: dict[str, Callable[[], float]] = {
        "eventvision": lambda: float(ours.call("voxels_ms").value),
        "memory floor": lambda: float(ours.call("voxels_floor_ms").value),
    }
    results = race(contestants, repeat=repeat, best=min)
    return rows_of(label, "ms", results, less_is_better=True)


def _race(ours: Worker, peers: Worker, steps: int, half: bool, repeat: int) -> list[Row]:
    label = f"LIF on a GPU, forward and backward, {'float16' if half else 'float32'}, T={steps}"
    tell(label)

    def runner(worker: Worker, name: str) -> Callable[[], float]:
        call = {"name": name, "steps": steps, "half": half}
        return lambda: float(worker.call("training_ms", **call).value)

    jelly = f"{peers.name_with_version('spikingjelly')} Triton"
    contestants = {
        "eventvision": runner(ours, "eventvision"),
        jelly: runner(peers, "spikingjelly"),
        "memory floor": lambda: float(ours.call("floor_ms", steps=steps, half=half).value),
    }
    results = race(contestants, repeat=repeat, best=min)
    return rows_of(label, "ms", results, less_is_better=True)
