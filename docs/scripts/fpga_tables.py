"""Print the tables of docs/devices/fpga.md: cycles on real recordings, cells of an FPGA.

    python docs/scripts/fpga_tables.py nmnist_400.npz [--samples N] [--lanes 32,16,8]

The recordings are those of docs/classification.md; cells need Yosys.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize, load_card
from eventvision.devices.fpga import (
    CLOCK_MHZ,
    CycleReport,
    find_part,
    find_yosys,
    measure,
    plan_for,
    simulated,
    synthesise,
)
from eventvision.spiking.integer import load_model

SENSOR = SensorSize(34, 34)
STEPS, STEP_US = 16, 20_000
PART = "xc7z020"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--lanes", default="32,16,8")
    parser.add_argument("--no-cells", action="store_true", help="leave Yosys out")
    options = parser.parse_args()
    model = load_model(load_card("digits-nano").artifact("integer"))
    samples = counts_of(options.recordings, options.samples)
    show("| lanes | cycles per event | per slice, median | largest | µs, largest | one event |")
    show("|---|---|---|---|---|---|")
    plans = {lanes: plan_for(model, SENSOR, most_lanes=lanes)
             for lanes in map(int, options.lanes.split(","))}  # fmt: skip
    for lanes, plan in plans.items():
        accelerator = simulated(model, plan)
        reports = [measure(accelerator, list(sample)) for sample in samples]
        accelerator.close()
        show(f"| {lanes} | {row_of(reports)} |")
    if options.no_cells or find_yosys() is None:
        return
    show("\n| lanes | LUT | FF | BRAM (36 Kib) | DSP |\n|---|---|---|---|---|")
    for lanes, plan in plans.items():
        cells = synthesise(plan, find_part(PART))
        show(f"| {lanes} | {' | '.join(f'{number:,g}' for number in cells)} |")


def show(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201


def counts_of(path: Path, samples: int) -> NDArray[np.uint8]:
    """Return counts of recordings spread over the file, shape (samples, steps, 2, 34, 34)."""
    with np.load(path) as file:
        columns = {name: file[name].astype(np.int64) for name in ("t", "x", "y", "on", "offsets")}
    offsets = columns.pop("offsets")
    counts = np.zeros((samples, STEPS, 2, *SENSOR.shape), np.int64)
    for sample in range(samples):
        whole = slice(*offsets[sample * ((len(offsets) - 1) // samples) :][:2])
        t, x, y, on = (columns[name][whole] for name in ("t", "x", "y", "on"))
        kept = t < STEPS * STEP_US
        np.add.at(counts[sample], (t[kept] // STEP_US, on[kept], y[kept], x[kept]), 1)
    return np.minimum(counts, 255).astype(np.uint8)


def row_of(reports: list[CycleReport]) -> str:
    """Return the cells of a row about cycles."""
    slices = np.concatenate([report.per_step for report in reports])
    per_event = sum(report.streamed for report in reports) / sum(r.events for r in reports)
    update = max(report.update for report in reports)
    return (
        f"{per_event:.1f} | {np.median(slices):,.0f} | {slices.max():,} | "
        f"{slices.max() / CLOCK_MHZ:.1f} | {update:,} ({update / CLOCK_MHZ:.1f} µs)"
    )


if __name__ == "__main__":
    main()
