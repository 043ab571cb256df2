"""`eventvision export`: a model for hardware, as a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eventvision.core import ConfigError, ModelCard, OutputError, SensorSize, load_card
from eventvision.devices.fpga import (
    CLOCK_MHZ,
    DEFAULT_PART,
    Plan,
    Resources,
    block_rams_of,
    dsps_of,
    export_card,
    find_part,
    synthesise,
)

from .output import print_table

TARGETS = ("fpga",)


def run(
    model: str,
    out: Path,
    *,
    to: str,
    part: str,
    lanes: int,
    sensor: str | None,
    synthesis: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write the folder and say what is in it."""
    if to not in TARGETS:
        raise ConfigError("--to", to, " or ".join(TARGETS))
    if not 1 <= lanes <= 256:
        raise ConfigError("--lanes", lanes, "1 to 256")
    chosen, card = find_part(part or DEFAULT_PART), load_card(model)
    if out.exists() and not force:
        raise OutputError(out, "is there already", "name another folder or say --force")
    plan = export_card(card, _sizes(card, sensor), out, part=chosen, most_lanes=lanes)
    resources = synthesise(plan, chosen) if synthesis else None
    if as_json:
        json.dump(_summary(plan, resources), sys.stdout, indent=2)
        print()  # noqa: T201
        return 0
    header = ("layer", "neurons", "lanes", "words", "weights", "block RAMs", "DSPs")
    print_table(f"{card.name} for {chosen.name}, in {out}", _rows(plan), header)
    if resources is not None:
        limits = (chosen.luts, chosen.flip_flops, chosen.block_rams, chosen.dsps)
        rows = [
            (name.replace("_", " "), f"{used:,g}", f"{limit:,}", f"{used / limit:.1%}")
            for (name, used), limit in zip(resources._asdict().items(), limits, strict=True)
        ]
        print_table("as Yosys counts it", rows, ("cells", "used", "there are", "share"))
    return 0


def _rows(plan: Plan) -> list[tuple[str, ...]]:
    return [
        (
            layer.weights_of,
            "x".join(map(str, layer.plane.array)),
            str(layer.lanes),
            str(layer.words),
            str(layer.weight.size),
            str(block_rams_of(layer)),
            str(dsps_of(layer)),
        )
        for layer in plan.layers
    ]


def _summary(plan: Plan, resources: Resources | None) -> dict[str, object]:
    return {
        "layers": [layer.weights_of for layer in plan.layers],
        "block_rams": sum(map(block_rams_of, plan.layers)),
        "dsps": sum(map(dsps_of, plan.layers)),
        "clock_mhz": CLOCK_MHZ,
        "resources": None if resources is None else resources._asdict(),
    }


def _sizes(card: ModelCard, sensor: str | None) -> dict[str, int]:
    free = {name for spec in card.inputs.values() for name in spec.shape if isinstance(name, str)}
    if not free:
        return {}
    if sensor is None:
        raise ConfigError("--sensor", "", f"a size such as 346x260, as {card.name} takes any")
    try:
        size = SensorSize.parse(sensor)
    except ValueError as error:
        raise ConfigError("--sensor", sensor, "a size such as 346x260") from error
    known = {"width": size.width, "height": size.height}
    return {name: known[name] for name in free & known.keys()}
