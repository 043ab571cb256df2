"""Integer spiking networks: a streaming perception network, and when it pays to visit spikes only.

The network has the shape of a perception network for 346x260 (filled up to 352x288): stem of stride
4, separable stages down to a thirty-second, a top-down path, one head, I-LIF neurons with carried
potentials, random weights. Ours runs it with 8-bit weights; torch runs it eagerly in float32 with
channels last and batch norm folded, ONNX Runtime in float32. All times are of the best step.

The second table is one convolution whose inputs are active by chance, which is the worst case for
visiting spikes: ours chooses row by row between visiting spikes and tiles, the peers are either of
them alone; ours should be no slower than the better one.

    python -m benchmarks.integer [--json] [--repeat N]
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from ._harness import Options, Row, race, rows_of, run_benchmark, tell
from ._worker import Worker

SCRIPT = "_integer_runs.py"
STEPS = 20
LAYERS = ((64, 64, 3), (128, 128, 1), (32, 64, 1))
ACTIVE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)


def network(threads: int, repeat: int) -> list[Row]:
    """Race the whole network."""
    tell(f"network, {threads} threads")
    peers = {"torch eager, channels last": "eager", "onnxruntime float32": "onnx"}
    with ExitStack() as processes:

        def runner(function: str) -> Callable[[], float]:
            worker = processes.enter_context(Worker(SCRIPT))
            return lambda: float(worker.call(function, threads=threads, steps=STEPS).value)

        contestants = {"eventvision": runner("ours")}
        contestants |= {name: runner(function) for name, function in peers.items()}
        results = race(contestants, repeat=repeat, best=min)
    label = f"one step, 352x288, {threads} thread{'s' if threads > 1 else ''}"
    return rows_of(label, "ms", results, less_is_better=True)


def work() -> list[Row]:
    """Say how much there is to do."""
    with Worker(SCRIPT) as worker:
        facts = worker.call("facts").value
    return [
        Row(label="multiply-adds of a step", unit="M", ours=facts["multiply_adds"] / 1e6),
        Row(
            label="synaptic operations of a step", unit="M", ours=facts["synaptic_operations"] / 1e6
        ),
        Row(label="active inputs of convolutions", unit="%", ours=100 * facts["active"]),
    ]


def crossing(repeat: int) -> list[Row]:
    """Race the choice between two ways of a convolution with either, by how much is active."""
    rows = []
    with Worker(SCRIPT) as worker:
        for inputs, outputs, size in LAYERS:
            for active in ACTIVE:
                label = f"{size}x{size} {inputs} to {outputs}, {active:.0%} active"
                tell(label)

                def runner(sparse: str, active: float = active) -> Callable[[], float]:
                    return lambda: float(
                        worker.call(
                            "layer", inputs=inputs, outputs=outputs, size=size, active=active,  # noqa: B023
                            sparse=sparse, steps=STEPS,
                        ).value
                    )  # fmt: skip

                ways = {
                    "eventvision": runner("auto"),
                    "spikes alone": runner("always"),
                    "tiles alone": runner("never"),
                }
                results = race(ways, repeat=repeat, best=min)
                rows += rows_of(label, "ms", results, less_is_better=True)
    return rows


def measure(options: Options) -> list[Row]:
    """Measure on one thread and on two, then layer by layer."""
    rows = [row for threads in (1, 2) for row in network(threads, options.repeat)]
    return rows + work() + crossing(options.repeat)


if __name__ == "__main__":
    run_benchmark("integer", __doc__, measure)
