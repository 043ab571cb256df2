"""`eventvision place`: a network on a mesh of neuromorphic cores."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from eventvision.core import ConfigError, ModelCard, load_card
from eventvision.devices.manycore import (
    MeshLayer,
    MeshPlacement,
    layers_of_card,
    load_mesh,
    packed_partition,
    place,
    place_naively,
    roomy_partition,
)

from .options import sensor_size
from .output import print_table


def run(
    model: str,
    *,
    mesh: Path,
    sensor: str | None,
    rate: float,
    seed: int,
    as_json: bool,
    fewest_cores: bool = False,
) -> int:
    """Place a model and print where its layers went; 1 if a link has too much to carry."""
    if not rate >= 0:
        raise ConfigError("--rate", rate, "spikes of a neuron in a step, such as 0.1")
    if not 0 <= seed < 2**63:
        raise ConfigError("--seed", seed, "a number from 0 on")
    board, card = load_mesh(mesh), load_card(model)
    layers = layers_of_card(card, _sizes(card, sensor), rate=rate)
    cut = packed_partition if fewest_cores else roomy_partition
    ours, naive = place(layers, board, cut=cut, seed=seed), place_naively(layers, board)
    if as_json:
        json.dump(_summary(card, ours, naive), sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        _show(card, layers, ours, naive)
    return 1 if ours.is_overloaded or not ours.is_deadlock_free else 0


def _show(
    card: ModelCard,
    layers: tuple[MeshLayer, ...],
    ours: MeshPlacement,
    naive: MeshPlacement,
) -> None:
    mesh = ours.mesh
    header = ("layer", "neurons", "weights", "cores")
    cores = Counter(name for group in ours.partition.groups for name in {p.layer for p in group})
    rows = [
        (each.name, "x".join(map(str, each.shape)),
         str(each.channel_weights * each.shape[0]), str(cores[each.name]))
        for each in layers
    ]  # fmt: skip
    print_table(f"{card.name} on {mesh.width}x{mesh.height} cores", rows, header)
    figures = [
        (name, str(each.cores), f"{each.traffic:,.0f}", f"{each.cost:,.0f}", f"{each.hops:.2f}",
         f"{each.busiest_link:,.0f}", f"{each.weights_used:.0%}")
        for name, each in (("found", ours), ("naive", naive))
    ]  # fmt: skip
    columns = ("layout", "cores", "spikes x hops", "cost", "hops", "busiest link", "weights used")
    print_table("per step", figures, columns)
    fits = "no: more spikes than it can carry" if ours.is_overloaded else "yes"
    free = "yes, along rows, then columns" if ours.is_deadlock_free else "no"
    print_table("routing", [("free of deadlock", free), ("every link keeps up", fits)], words=True)


def _summary(card: ModelCard, ours: MeshPlacement, naive: MeshPlacement) -> dict[str, object]:
    width = ours.mesh.width
    groups = zip(ours.places.tolist(), ours.partition.groups, strict=True)
    return {
        "model": card.name,
        "found": _figures(ours),
        "naive": _figures(naive),
        "is_deadlock_free": ours.is_deadlock_free,
        "is_overloaded": ours.is_overloaded,
        "cores": [
            {
                "row": core // width,
                "column": core % width,
                "pieces": [
                    {"layer": piece.layer, "channels": piece.channels, "rows": piece.rows}
                    for piece in group
                ],
            }
            for core, group in groups
        ],
    }


def _figures(found: MeshPlacement) -> dict[str, float]:
    names = ("cores", "traffic", "cost", "hops", "busiest_link", "weights_used")
    return {name: getattr(found, name) for name in names}


def _sizes(card: ModelCard, sensor: str | None) -> dict[str, int]:
    free = {name for spec in card.inputs.values() for name in spec.shape if isinstance(name, str)}
    size = sensor_size(sensor)
    if not free or size is None:
        return {}
    known = {"width": size.width, "height": size.height}
    whole = card.multiple
    return {name: -(-known[name] // whole) * whole for name in free & known.keys()}
