"""`eventvision activity`: what a network has to do on a recording."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence

from eventvision.pipeline import activity
from eventvision.spiking.counting import ActivityReport, LayerWork, NeuronActivity

from .options import reader_options, sensor_size
from .output import print_table

_LAYERS = ("layer", "parameters", "MACs", "synaptic operations")
_NEURONS = ("neurons", "count", "spikes", "rate", "silent", "dead", "saturated", "channels")


def run(
    model: str,
    source: str,
    *,
    sensor: str | None = None,
    read: Sequence[str] = (),
    slicer: str = "",
    steps: int | None = None,
    as_json: bool = False,
) -> int:
    """Print what a model does on a recording, per step."""
    report = activity(
        model,
        source,
        sensor=sensor_size(sensor),
        read=reader_options(read),
        slicer=slicer,
        steps=steps,
    )
    if as_json:
        totals = {
            "rate": report.rate,
            "macs": report.macs,
            "dense_macs": report.dense_macs,
            "synaptic_operations": report.synaptic_operations,
            "energy_nj": report.energy_nj,
            "dense_energy_nj": report.dense_energy_nj,
        }
        json.dump({"model": model, **dataclasses.asdict(report), **totals}, sys.stdout, indent=2)
        print()  # noqa: T201
        return 0
    print_table("work per step", [_work(layer) for layer in report.layers], header=_LAYERS)
    print_table("spikes per step", [_firing(each) for each in report.neurons], header=_NEURONS)
    print_table(f"{model}, mean of {report.steps} steps", _totals(report))
    return 0


def _work(layer: LayerWork) -> tuple[str, ...]:
    done = layer.synaptic_operations
    shown = "not spikes" if done is None else f"{done:,.0f}"
    return layer.name, f"{layer.parameters:,}", f"{layer.macs:,.0f}", shown


def _firing(each: NeuronActivity) -> tuple[str, ...]:
    return (
        each.name,
        f"{each.neurons:,}",
        f"{each.spikes:,.0f}",
        f"{each.rate:.3f}",
        f"{each.silent_share:.1%}",
        f"{len(each.dead)}",
        f"{len(each.saturated)}",
        f"{each.channels}",
    )


def _totals(report: ActivityReport) -> list[tuple[str, ...]]:
    return [
        ("spikes per neuron", f"{report.rate:.4f}"),
        ("synaptic operations", f"{report.synaptic_operations:,.0f}"),
        ("MACs where the input is not spikes", f"{report.dense_macs:,.0f}"),
        ("MACs if all were dense", f"{report.macs:,.0f}"),
        ("energy, estimated", f"{report.energy_nj:,.1f} nJ"),
        ("energy if all were dense, estimated", f"{report.dense_energy_nj:,.1f} nJ"),
        (
            "the estimate",
            f"{report.ac_pj} pJ per addition, {report.mac_pj} pJ per MAC, "
            "45 nm (Horowitz, 2014), no memory traffic",
        ),
    ]
