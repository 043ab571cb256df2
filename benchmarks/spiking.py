"""A layer of spiking neurons on one thread and on two: LIF, [T, 8, 64, 64, 64], float32.

The same neuron (hard reset, the sigmoid's derivative for spikes) by everybody, forward and forward
with backward, in ns per neuron and step; and the memory that training takes beyond its input. The
floor is what it costs to move the bytes that cannot be avoided, at the speed of a copy measured in
the same run: 8 bytes forward, 20 with backward; a ratio of 0.5 there means twice the floor. On a
GPU, the same for half precision and single, beside the bandwidth of a copy and SpikingJelly's
Triton kernels, and events scattered to a voxel grid; those rows need a GPU in this machine.

    python -m benchmarks.spiking [--json] [--repeat N]
"""

from __future__ import annotations

from collections.abc import Callable

from ._harness import Absent, Options, Row, race, rows_of, run_benchmark, tell
from ._spiking_gpu import gpu_rows
from ._worker import Worker

SCRIPT = "_spiking_runs.py"
STEPS = (8, 32)
THREADS = (1, 2)
OURS, FLOOR = "eventvision", "memory floor"
PEERS = {
    "spikingjelly": "spikingjelly multi-step",
    "torch loop": "torch loop",
    "torch compile": "torch loop, compiled",
}
PARTS = {"forward": "forward", "training": "forward and backward"}
SAME_RATE = 1e-4
"""Largest difference of spikes per neuron and step: rounding decides a few."""


def check_rates(steps: int) -> None:
    """Refuse to compare neurons that fire differently.

    Raises:
        Absent: If a peer's do.
    """
    with Worker(SCRIPT) as ours, Worker.of_peers(SCRIPT) as peers:
        expected = ours.call("rate", name=OURS, steps=steps).value
        for name in PEERS:
            try:
                found = peers.call("rate", name=name, steps=steps).value
            except Absent:
                continue
            if abs(found - expected) > SAME_RATE:
                raise Absent(f"{name} fires {found:.4f} times a step, ours {expected:.4f}")


def speed(part: str, steps: int, threads: int, repeat: int) -> list[Row]:
    """Race all, the copy included, on sequences of one length."""
    label = f"LIF {PARTS[part]}, T={steps}, {threads} thread{'s' if threads > 1 else ''}"
    tell(label)
    with Worker(SCRIPT) as ours, Worker.of_peers(SCRIPT) as peers:

        def runner(worker: Worker, name: str) -> Callable[[], float]:
            call = {"name": name, "part": part, "steps": steps, "threads": threads}
            return lambda: float(worker.call("ns_per_step", **call).value)

        contestants = {OURS: runner(ours, OURS)}
        for name, shown in PEERS.items():
            contestants[_versioned(peers, shown)] = runner(peers, name)
        contestants[FLOOR] = lambda: float(
            ours.call("floor_ns_per_step", part=part, steps=steps, threads=threads).value
        )
        results = race(contestants, repeat=repeat, best=min)
    return rows_of(label, "ns per neuron-step", results, less_is_better=True)


def _versioned(worker: Worker, shown: str) -> str:
    """Put a package's version behind its name, which is the first word."""
    package, _, rest = shown.partition(" ")
    separator = "" if package.endswith(",") else " "
    return f"{worker.name_with_version(package)}{separator}{rest}"


def memory(steps: int) -> list[Row]:
    """Train once in a process of its own each."""
    label = f"LIF memory of training, T={steps}"
    tell(label)
    results: dict[str, float | Absent] = {}
    for name in (OURS, *PEERS):
        with Worker(SCRIPT) if name == OURS else Worker.of_peers(SCRIPT) as worker:
            shown = OURS if name == OURS else _versioned(worker, PEERS[name])
            try:
                results[shown] = worker.call("training_mib", name=name, steps=steps).value
            except Absent as reason:
                results[shown] = reason
    return rows_of(label, "MiB", results, less_is_better=True)


def measure(options: Options) -> list[Row]:
    """Measure speed and memory on the CPU, and on a GPU if there is one."""
    check_rates(STEPS[0])
    rows = [
        row
        for threads in THREADS
        for steps in STEPS
        for part in PARTS
        for row in speed(part, steps, threads, options.repeat)
    ]
    return [*rows, *memory(STEPS[-1]), *gpu_rows(options.repeat)]


if __name__ == "__main__":
    run_benchmark("spiking", __doc__, measure)
