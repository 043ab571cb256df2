"""Writes the accelerator of a model into a folder: hardware, memory images, how to build it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from eventvision.core import ModelCard, OutputError, SensorSize, output_errors
from eventvision.devices._integer import IntegerBinding
from eventvision.spiking.integer import IntegerModel, load_model

from ._build import TOP, all_sources
from ._generate import memory_images
from ._lower import MOST_LANES, plan_for
from ._parts import Part, block_rams_of, check_part, dsps_of
from ._plan import Plan
from ._synthesis import synthesis_script

SYNTHESIS = "synthesise.ys"
DESCRIPTION = "accelerator.json"


def export_card(
    card: ModelCard,
    sizes: Mapping[str, int],
    folder: Path,
    *,
    part: Part,
    most_lanes: int = MOST_LANES,
) -> Plan:
    """Write the accelerator of a model that has a card; see `export_fpga`.

    Args:
        card: The model.
        sizes: Its free sizes by name.
        folder: Made if it is not there.
        part: The FPGA that it is for.
        most_lanes: Most channels of a layer that are computed at a time.

    Raises:
        ModelError: If the model has no integer form, or it is damaged.
        MisfitError: If the model cannot be laid out or does not fit the part.
        OutputError: If a file cannot be written.
    """
    model = load_model(card.artifact("integer"))
    binding = IntegerBinding(card, model, sizes)
    return export_fpga(model, binding.sizes, folder, part=part, most_lanes=most_lanes)


def export_fpga(
    model: IntegerModel,
    sizes: SensorSize | Mapping[str, SensorSize],
    folder: Path,
    *,
    part: Part,
    most_lanes: int = MOST_LANES,
) -> Plan:
    """Write SystemVerilog, memory images, a description and a script for Yosys.

    Args:
        model: The network.
        sizes: Size of its input.
        folder: Made if it is not there; files of the same names are replaced.
        part: The FPGA that it is for.
        most_lanes: Most channels of a layer that are computed at a time.

    Returns:
        How the model was laid out.

    Raises:
        MisfitError: If the model cannot be laid out or does not fit the part.
        OutputError: If a file cannot be written.
    """
    plan = plan_for(model, sizes, most_lanes=most_lanes)
    check_part(plan, part)
    sources = all_sources(plan)
    texts = {
        **sources,
        **memory_images(plan),
        SYNTHESIS: synthesis_script(sources, part),
        DESCRIPTION: json.dumps(_description(plan, part), indent=2) + "\n",
    }
    if folder.exists() and not folder.is_dir():
        raise OutputError(folder, "is a file", "name a folder")
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
    return plan


def _description(plan: Plan, part: Part) -> dict[str, object]:
    return {
        "top": TOP,
        "part": part.name,
        "input": {"name": plan.input_name, "shape": plan.input_plane.array},
        "output": {"name": plan.output_name, "shape": plan.output_plane.array},
        "layers": [
            {
                "name": layer.weights_of,
                "neurons": layer.name,
                "shape": layer.plane.array,
                "lanes": layer.lanes,
                "words": layer.words,
                "sum_bits": layer.sum_bits,
                "weights": int(layer.weight.size),
                "block_rams": block_rams_of(layer),
                "dsps": dsps_of(layer),
            }
            for layer in plan.layers
        ],
    }
