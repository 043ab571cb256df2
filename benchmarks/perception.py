"""The networks of perception and reconstruction, one slice after another, on one and two threads.

Encoder and three heads, and the reconstruction, with their state carried: on the default device, in
float32 on ONNX Runtime, with 8-bit weights on our kernels. Beside them the same graph in eager
torch (batch norm folded, channels last), compiled by torch, and with neurons of SpikingJelly. The
rows without a peer add rendering 30,000 events and reading all outputs. All times are of the best
step; 346x260 is filled up to a multiple of 32 or 8.

    python -m benchmarks.perception [--json] [--repeat N]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from ._harness import Absent, Options, Row, race, rows_of, run_benchmark, tell
from ._worker import Worker

SCRIPT = "_perception_runs.py"
THREADS, STEPS = (1, 2), 15
SIZES = {"346x260": {"perception": (288, 352), "reconstruction": (264, 352)},
         "640x480": {"perception": (480, 640), "reconstruction": (480, 640)}}  # fmt: skip
OURS = {"default": "auto", "float32": "onnx", "int8": "cpu"}
PEERS = {"eager": "torch eager", "compile": "torch compiled", "spikingjelly": "spikingjelly"}


def race_of(
    kind: str, size: tuple[int, int], threads: int, repeat: int, ours: Worker
) -> Mapping[str, float | Absent]:
    """Race all of ours and all peers on one network, size and number of threads."""
    height, width = size
    call = {"kind": kind, "height": height, "width": width, "threads": threads, "steps": STEPS}
    with ExitStack() as processes:

        def ours_on(device: str) -> Callable[[], float]:
            return lambda: float(ours.call("ours", device=device, **call).value)

        def peer(name: str) -> Callable[[], float]:
            start = Worker.of_peers if name == "spikingjelly" else Worker
            worker = processes.enter_context(start(SCRIPT))
            return lambda: float(worker.call("peer", name=name, **call).value)

        contestants = {name: ours_on(device) for name, device in OURS.items()}
        contestants |= {name: peer(name) for name in PEERS}
        return race(contestants, repeat=repeat, best=min)


def rows_for(kind: str, shown: str, threads: int, repeat: int, ours: Worker) -> list[Row]:
    """Return the rows of one network, size and number of threads."""
    label = f"{kind} {shown}, {threads} thread{'s' if threads > 1 else ''}"
    tell(label)
    height, width = SIZES[shown][kind]
    place = {"kind": kind, "height": height, "width": width, "threads": threads}
    results = race_of(kind, (height, width), threads, repeat, ours)
    default = ours.call("chosen", **place).value
    titles = {"default": f"{label}, default ({default})"}
    peers = {PEERS[name]: results[name] for name in PEERS}
    rows = []
    for name in OURS:
        if not isinstance(results[name], Absent):
            title = titles.get(name, f"{label}, {name}")
            rows += rows_of(title, "ms", {name: results[name], **peers}, less_is_better=True)
    sensor_width, sensor_height = map(int, shown.split("x"))
    seen = {"kind": kind, "height": sensor_height, "width": sensor_width, "threads": threads}
    whole = min(float(ours.call("whole_slice", steps=STEPS, **seen).value) for _ in range(repeat))
    title = f"{label}, with rendering and reading"
    return [*rows, Row(label=title, unit="ms", ours=whole, less_is_better=True)]


def measure(options: Options) -> list[Row]:
    """Measure both networks at both sizes."""
    rows = []
    with Worker(SCRIPT) as ours:
        for shown, kinds in SIZES.items():
            for kind in kinds:
                for threads in THREADS:
                    rows += rows_for(kind, shown, threads, options.repeat, ours)
    return rows


if __name__ == "__main__":
    run_benchmark("perception", __doc__, measure)
