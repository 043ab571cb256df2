"""`eventvision devices`, `fits`, `activity`, `compare`, `export` and `place`: their options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import completions
from .arguments import (
    ForceOption,
    JsonOption,
    ModelArgument,
    ModelSensorOption,
    ReadOption,
    SensorOption,
)


def devices(as_json: JsonOption = False) -> None:
    """List where models can run: what is here, and how to get what is not."""
    from .devices import list_devices

    sys.exit(list_devices(as_json=as_json))


def fits(
    model: ModelArgument,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Ask this device only; all if not given.",
            autocompletion=completions.devices,
        ),
    ] = None,
    sensor: ModelSensorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say on which devices a model runs, or which layer does not fit and why."""
    from .devices import show_fits

    sys.exit(show_fits(model, device=device, sensor=sensor, as_json=as_json))


def activity(
    model: ModelArgument,
    recording: Annotated[str, typer.Argument(metavar="RECORDING", help="What the model sees.")],
    read: ReadOption,
    sensor: SensorOption = None,
    slicer: Annotated[
        str,
        typer.Option(metavar="RULE", help="When a slice ends; as the model's card says if empty."),
    ] = "",
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Most slices to look at; all if not given."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count what a model does on a recording: spikes, operations, dead channels, energy."""
    from .activity import run

    code = run(
        model,
        recording,
        sensor=sensor,
        read=read,
        slicer=slicer,
        steps=steps,
        as_json=as_json,
    )
    sys.exit(code)


def compare(
    model: ModelArgument,
    device: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Compare these only; may be given several times.",
            autocompletion=completions.devices,
            default_factory=list,
            show_default=False,
        ),
    ],
    threads: Annotated[int, typer.Option(metavar="N", help="Threads for each device.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Run a model's golden sample on all devices: differences, times, operations, energy."""
    from .devices import compare_models

    sys.exit(compare_models(model, devices=device, threads=threads, as_json=as_json))


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder.")],
    to: Annotated[str, typer.Option(metavar="TARGET", help="What it is for: fpga.")],
    part: Annotated[
        str, typer.Option(metavar="NAME", help="FPGA: xc7z020, xc7a100t, xc7z045 or xck26.")
    ] = "",
    lanes: Annotated[
        int, typer.Option(metavar="N", help="Most channels of a layer computed at a time.")
    ] = 32,
    sensor: ModelSensorOption = None,
    synthesis: Annotated[
        bool, typer.Option("--synthesis", help="Count cells with Yosys, which takes a minute.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a model as hardware: SystemVerilog and memory images for an FPGA."""
    from .export import run

    code = run(
        model,
        out,
        to=to,
        part=part,
        lanes=lanes,
        sensor=sensor,
        synthesis=synthesis,
        force=force,
        as_json=as_json,
    )
    sys.exit(code)


def place(
    model: ModelArgument,
    mesh: Annotated[Path, typer.Option(metavar="FILE", help="The mesh: a small TOML file.")],
    sensor: ModelSensorOption = None,
    rate: Annotated[float, typer.Option(metavar="R", help="Spikes of a neuron in a step.")] = 0.1,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, another layout.")] = 0,
    fewest_cores: Annotated[
        bool, typer.Option("--fewest-cores", help="Pack cores densely, at the price of traffic.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Lay a model out on a mesh of neuromorphic cores: cores, traffic, routing."""
    from .place import run

    code = run(
        model,
        mesh=mesh,
        sensor=sensor,
        rate=rate,
        seed=seed,
        as_json=as_json,
        fewest_cores=fewest_cores,
    )
    sys.exit(code)
