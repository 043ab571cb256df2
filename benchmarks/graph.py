"""Event graphs on one thread at 346x260: event by event, in batches, and from event to output.

Ours reads a queue per pixel around each event (radius 3, 16 neighbours); the peer's graph joins
each event to the 16 nearest of its surroundings in space and time (scipy's cKDTree) and runs three
GraphConv layers of 16 channels. "Event by event" for the peer is running the network again on the
present graph of 10,000 events, without building the graph. Rows without a peer show that the cost
of an event depends neither on how long the stream has run nor on the size of the sensor; those
named after recordings are of the first 100,000 events of real ones, with `--recordings DIR`. AEGNN
needs torch-cluster, which has no wheel for this torch: its 49 to 156 ms an event are not measured
here. Latency is from an event to the output that it changed, at 0.3 million events a second: events
wait for their packet of 64, and for CPU time: the head of a detector, in bytes, is read again as
soon as it was read; beside it clusters of slices of 10 ms. The live rate is what one core takes in
when packets come every millisecond and the head is read every ten. Operations are those of the
layers, beside convolutions of the same reach and channels over all pixels, which a network of
frames repeats for every answer.

    python -m benchmarks.graph [--json] [--repeat N] [--recordings DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ._harness import Absent, Options, Row, race, rows_of, run_benchmark, tell
from ._worker import Worker

SCRIPT = "_graph_runs.py"
SMALL, MOVERS = [16, 16], [16, 32]
COUNT, RATE_HZ, SLICE_US, PACKET = 100_000, 300_000.0, 10_000, 64
SIZES = ((173, 130), (346, 260), (640, 480), (1280, 720))
BEFORE = (0, 100_000, 1_000_000)
FORMS = ("float32", "int8", "spiking")
REAL = "*_davis346.aedat4"


def by_event(ours: Worker, peers: Worker, repeat: int) -> list[Row]:
    """Race the forms of the small network against a peer that runs all again."""
    rows: list[Row] = []
    for form in FORMS:
        label = f"event by event, 2 layers of 16, {form}"
        tell(label)
        call: dict[str, Any] = {"channels": SMALL, "form": form, "count": COUNT}
        results = race(
            {
                "eventvision": lambda call=call: _value(ours, "ours_by_event", **call),  # type: ignore[misc]
                peers.name_with_version("torch-geometric"): lambda: _value(peers, "pyg_by_event"),
            },
            repeat=repeat,
            best=min,
        )
        rows += rows_of(label, "us/event", results, less_is_better=True)
    return rows


def alone(ours: Worker, label: str, repeat: int, **call: object) -> Row:
    """Measure ours only."""
    tell(label)
    results = race(
        {"eventvision": lambda: _value(ours, "ours_by_event", **call)}, repeat=repeat, best=min
    )
    found = results["eventvision"]
    if isinstance(found, Absent):
        raise found
    return Row(label=label, unit="us/event", ours=found, less_is_better=True)


def constancy(ours: Worker, repeat: int) -> list[Row]:
    """Show what the cost of an event does not depend on."""
    base: dict[str, Any] = {"channels": SMALL, "form": "int8", "count": COUNT}
    rows = [
        alone(ours, f"int8, after {before:,} events", repeat, before=before, **base)
        for before in BEFORE
    ]
    rows += [
        alone(ours, f"int8, {width}x{height}", repeat, size=[width, height], **base)
        for width, height in SIZES
    ]
    return rows


def real(ours: Worker, folder: Path | None, repeat: int) -> list[Row]:
    """Measure on real recordings of 346x260, if there are any."""
    calls: list[tuple[str, dict[str, Any]]] = [
        *((f"2 layers of 16, {form}", {"channels": SMALL, "form": form}) for form in FORMS),
        ("graph-movers, float32", {"model": "graph-movers", "form": "float32"}),
        ("graph-movers, int8", {"model": "graph-movers", "form": "int8"}),
    ]
    rows = []
    for found in sorted(folder.rglob(REAL)) if folder is not None else []:
        name = found.name.removesuffix("_davis346.aedat4")
        for title, call in calls:
            given = {"count": COUNT, "recording": str(found), **call}
            rows.append(alone(ours, f"{name}, {title}", repeat, **given))
    return rows


def live(ours: Worker, repeat: int) -> list[Row]:
    """Measure how many events a core keeps up with."""
    rows = []
    for form in FORMS:
        label = f"live rate, 16 and 32, head every 10 ms, {form}"
        tell(label)
        call = {"channels": MOVERS, "form": form, "every_us": 10_000}
        rate = max(_value(ours, "live_rate", **call) for _ in range(repeat))
        rows.append(Row(label=label, unit="Mev/s", ours=rate))
    return rows


def operations(ours: Worker) -> list[Row]:
    """Count the work of an event beside that of a dense network."""
    return [
        Row(
            label=f"operations of an event, {name}, {form}",
            unit="k",
            ours=_value(ours, "operations_by_event", channels=channels, form=form, count=COUNT)
            / 1e3,
            peer_name="dense, once",
            peer=_value(ours, "dense_operations", channels=channels) / 1e3,
            less_is_better=True,
        )
        for name, channels in (("2 layers of 16", SMALL), ("16 and 32", MOVERS))
        for form in ("int8", "spiking")
    ]


def batch(ours: Worker, peers: Worker, repeat: int) -> list[Row]:
    """Race whole runs of events, graphs included."""
    label = "batch, 3 layers of 16, graph and network"
    tell(label)
    results = race(
        {
            "eventvision": lambda: _value(
                ours, "ours_batch", channels=[16, 16, 16], form="float32", count=10_000
            ),
            peers.name_with_version("torch-geometric"): lambda: _value(
                peers, "pyg_batch", count=10_000
            ),
        },
        repeat=repeat,
        best=min,
    )
    return rows_of(label, "ms/1000 events", results, less_is_better=True)


def latency(ours: Worker, repeat: int) -> list[Row]:
    """Compare the way from an event to the output."""
    rows = []
    for share in (0.5, 0.99):
        label = f"latency at 0.3 Mev/s, p{share * 100:.0f}"
        tell(label)
        graph = {"channels": MOVERS, "rate_hz": RATE_HZ, "packet": PACKET, "share": share}
        slices = {"rate_hz": RATE_HZ, "slice_us": SLICE_US, "share": share}
        results = race(
            {
                "eventvision": lambda call=graph: _value(ours, "latency_ms", **call),  # type: ignore[misc]
                "clusters of 10 ms slices": lambda call=slices: _value(  # type: ignore[misc]
                    ours, "slice_latency_ms", **call
                ),
            },
            repeat=repeat,
            best=min,
        )
        rows += rows_of(label, "ms", results, less_is_better=True)
    return rows


def _value(worker: Worker, function: str, **arguments: object) -> float:
    return float(worker.call(function, **arguments).value)


def measure(options: Options) -> list[Row]:
    """Run all parts."""
    with Worker(SCRIPT) as ours, Worker.of_peers(SCRIPT) as peers:
        return [
            *by_event(ours, peers, options.repeat),
            *real(ours, options.recordings, options.repeat),
            *constancy(ours, options.repeat),
            *live(ours, options.repeat),
            *operations(ours),
            *batch(ours, peers, options.repeat),
            *latency(ours, options.repeat),
        ]


if __name__ == "__main__":
    run_benchmark("graph", __doc__ or "", measure)
