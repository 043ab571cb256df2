"""`eventvision`: the command line. Each command loads what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .arguments import (
    ConfigOption,
    EndOption,
    ForceOption,
    JsonOption,
    LiveOrRecordedArgument,
    ModelArgument,
    ModelSensorOption,
    ReadOption,
    SensorOption,
    SettingsOption,
    SimOption,
    SourceArgument,
    SourcesArgument,
    StartOption,
    StrictOption,
)
from .daemon import daemon
from .gui import gui
from .rewrite import convert, cut, repair
from .serve import serve

app = typer.Typer(
    name="eventvision",
    help="Real-time perception for event cameras.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"eventvision {version('eventvision')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Real-time perception for event cameras."""


@app.command()
def info(
    sources: SourcesArgument,
    read: ReadOption,
    sensor: SensorOption = None,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what recordings hold: format, size, events, rates, damage."""
    from .info import run

    sys.exit(run(sources, sensor=sensor, read=read, strict=strict, as_json=as_json))


@app.command()
def replay(
    context: typer.Context,
    read: ReadOption,
    source: LiveOrRecordedArgument = None,
    config: ConfigOption = None,
    sim: SimOption = False,
    sensor: SensorOption = None,
    settings: SettingsOption = None,
    start: StartOption = 0.0,
    end: EndOption = None,
    speed: Annotated[
        str,
        typer.Option(
            metavar="max|FACTOR",
            help="Recording seconds per second of wall time: 1 is real time, 0.1 slow motion.",
        ),
    ] = "max",
    filters: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Filters in order, such as background:2ms,refractory:500us, or none. "
            "See docs/replay.md.",
        ),
    ] = "background",
    slicer: Annotated[
        str,
        typer.Option(metavar="RULE", help="When a slice ends: time:10ms, count:20000, activity."),
    ] = "time:10ms",
    representation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Array per slice: voxel:5, histogram, surface:50ms, accumulation."
        ),
    ] = None,
    tasks: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="What to look for, separated by commas, or none: reconstruction, detection, "
            "segmentation, depth, tracking; detection:model=DIR. See docs/tasks.md.",
        ),
    ] = "reconstruction,detection,tracking",
    device: Annotated[
        str,
        typer.Option(
            metavar="NAME[,TASK=NAME]",
            help="Where learned tasks run: auto, onnx, cpu; or onnx,detection=cpu.",
        ),
    ] = "auto",
    video: Annotated[
        Path | None, typer.Option(metavar="F", help="Write an annotated MP4, a frame per slice.")
    ] = None,
    video_fps: Annotated[
        float, typer.Option(metavar="FPS", help="Frames per second of the MP4.")
    ] = 30.0,
    results: Annotated[
        Path | None, typer.Option(metavar="F", help="Write results as JSON lines.")
    ] = None,
    arrays: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write one .npz per slice.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Record the source, unfiltered, to .aedat4 or .raw."),
    ] = None,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """Play a source through filters, slicer and tasks; write what was found."""
    from .options import given_in, reader_options, source_or_simulation
    from .replay import run

    if source is not None or sim or config is None:
        source = source_or_simulation(source, sim=sim)
    values = {
        "source": source,
        "sensor": sensor,
        "read": reader_options(read),
        "settings": settings,
        "strict": strict,
        "start_s": start,
        "end_s": end,
        "speed": speed,
        "filters": filters,
        "slicer": slicer,
        "representation": representation,
        "tasks": tasks,
        "device": device,
        "video": video,
        "video_fps": video_fps,
        "results": results,
        "arrays": arrays,
        "record": record,
    }
    if config is not None:
        values = given_in(context, values)
    sys.exit(run(values, config, as_json=as_json))


@app.command()
def record(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New .aedat4 or .raw file.")],
    read: ReadOption,
    seconds: Annotated[
        float | None, typer.Option(metavar="N", help="Stop after N seconds of recording.")
    ] = None,
    pre_roll: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Wait until something happens (see --on), then begin TIME earlier, as in 5s.",
        ),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What to wait for: user (Enter or SIGUSR1), trigger (an edge at a trigger input), "
            "rate:N (N events per second). Enter and SIGUSR1 always do.",
        ),
    ] = "user",
    sensor: SensorOption = None,
    settings: SettingsOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Record a camera, or any other source; Ctrl-C finishes the file."""
    from .record import options as checked
    from .record import run

    wanted = checked(
        source=source,
        out=out,
        sensor=sensor,
        read=read,
        settings=settings,
        seconds=seconds,
        pre_roll=pre_roll,
        on=on,
        force=force,
    )
    sys.exit(run(wanted, as_json=as_json))


@app.command()
def simulate(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", help="A named scene, a video, or a folder of images."),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="New recording; its extension says the format.")
    ],
    sensor: Annotated[
        str | None, typer.Option(metavar="NAME|WxH", help="Sensor: davis346, evk4, 346x260, …")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(metavar="PRESET", help="ideal, davis346, dvxplorer, evk4 or randomised."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(metavar="N", help="How much.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, another recording.")] = 0,
    fps: Annotated[
        float | None,
        typer.Option(metavar="FPS", help="Images a second; of a video, instead of its own times."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Images for scenes that show some.")
    ] = None,
    truth: Annotated[
        str, typer.Option(metavar="TIME|none", help="Time between two truths.")
    ] = "20ms",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Simulate an event camera; write its events, and the truth beside them."""
    from .simulate import config, run

    wanted = config(
        scene=scene,
        out=out,
        sensor=sensor,
        camera=camera,
        seconds=seconds,
        seed=seed,
        fps=fps,
        images=images,
        truth=truth,
        force=force,
    )
    sys.exit(run(wanted, as_json=as_json))


@app.command()
def cameras(
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Print the settings of a model; with --json, a file to edit."
        ),
    ] = None,
    install_udev: Annotated[
        bool,
        typer.Option("--install-udev", help="Print and install rules that let you use cameras."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --install-udev: print the rules only.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List attached cameras and what is supported."""
    from .cameras import install_rules, run, show_settings

    if install_udev:
        sys.exit(install_rules(dry_run=dry_run))
    if settings is not None:
        sys.exit(show_settings(settings, as_json=as_json))
    sys.exit(run(as_json=as_json))


@app.command("slice")
def slice_(
    source: SourceArgument,
    read: ReadOption,
    slicer: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="When a slice ends: time:10ms, count:20000, activity, trigger:model=DIR.",
        ),
    ] = "activity",
    filters: Annotated[
        str, typer.Option(metavar="LIST", help="Filters in order, as for replay, or none.")
    ] = "background",
    sensor: SensorOption = None,
    start: StartOption = 0.0,
    end: EndOption = None,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="Where a trigger's network runs: auto, onnx, cpu.")
    ] = "auto",
    plot: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Draw event rate, potential, threshold and cuts: a .png."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List all slices, not the first 40.")
    ] = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """List where a recording would be cut, and why."""
    from .options import reader_options
    from .slice import checked, run

    values = {
        "source": source,
        "sensor": sensor,
        "read": reader_options(read),
        "strict": strict,
        "start_s": start,
        "end_s": end,
        "filters": filters,
        "slicer": slicer,
        "device": device,
    }
    sys.exit(run(checked(values), as_json=as_json, plot=plot, every=every))


@app.command()
def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="What to train and how: a recipe.toml.")
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder of the model; a stopped run goes on there."),
    ],
    images: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Images for the scenes to learn from; may be given again. Without: drawn scenes.",
            default_factory=list,
            show_default=False,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Labelled recordings, for a classifier."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of the CPU.")] = 2,
    slices_per_second: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Mean rate of slices that a trigger is to learn."),
    ] = None,
) -> None:
    """Train a model by a recipe, on simulated scenes or labelled recordings."""
    from .train import run

    code = run(
        recipe,
        out,
        data=data,
        images=images,
        device=device,
        threads=threads,
        slices_per_second=slices_per_second,
    )
    sys.exit(code)


@app.command()
def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="A frozen set, or a folder of real recordings; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL...]",
            help="Shipped models or their folders; none for the baselines alone.",
            default_factory=list,
            show_default=False,
        ),
    ],
    device: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Where models run: onnx, cpu, torch, …; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    slicer: Annotated[
        list[str],
        typer.Option(
            metavar="RULE",
            help="How events are cut: own (default), time:20ms, …; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    twin: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The non-spiking twin, to compare with.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where report.json and pictures go.")
    ] = Path("evaluation"),
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page in Markdown as well.")
    ] = None,
    make: Annotated[
        str | None,
        typer.Option(metavar="SET", help="Make a frozen set in --data: mixed or procedural."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --make mixed: images to show.")
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of a device.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Score models beside baselines, on frozen sequences and on real recordings."""
    from .evaluate import make as make_set
    from .evaluate import run

    if make is not None:
        sys.exit(make_set(make, data, images=images))
    sys.exit(
        run(
            models,
            data,
            devices=device,
            slicers=slicer,
            twin=twin,
            out=out,
            page=page,
            threads=threads,
            as_json=as_json,
        )
    )


@app.command()
def devices(as_json: JsonOption = False) -> None:
    """List where models can run: what is here, and how to get what is not."""
    from .devices import list_devices

    sys.exit(list_devices(as_json=as_json))


@app.command()
def fits(
    model: ModelArgument,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask this device only.")
    ] = None,
    sensor: ModelSensorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say on which devices a model runs, or which layer does not fit and why."""
    from .devices import show_fits

    sys.exit(show_fits(model, device=device, sensor=sensor, as_json=as_json))


@app.command()
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
        int | None, typer.Option(metavar="N", min=1, help="Most slices to look at.")
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


@app.command()
def compare(
    model: ModelArgument,
    device: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Compare these only; may be given several times.",
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


@app.command()
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


@app.command()
def finetune(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model of perception, or its folder.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of labelled windows.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the new model.")],
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="How DATA is laid out: pedro or dsec-detection.")
    ] = "pedro",
    epochs: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often each window is learned from.")
    ] = 30,
    held_back: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0, max=0.9, help="Windows to test on, not to learn."),
    ] = 0.25,
    slices: Annotated[
        int, typer.Option(metavar="N", min=1, help="Slices that a window is cut into.")
    ] = 4,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of the CPU.")] = 2,
) -> None:
    """Teach the detection of a model your own labelled recordings."""
    from .train import run_finetune

    sys.exit(
        run_finetune(
            model,
            data,
            out,
            layout=layout,
            epochs=epochs,
            held_back=held_back,
            slices=slices,
            threads=threads,
        )
    )


@app.command()
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


for command in (convert, cut, repair, serve, gui, daemon):
    app.command()(command)


def main() -> None:
    """Run the command line; a problem that the user can mend is one line and exit code 2."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, so nobody is to be told
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from eventvision.core import EventVisionError

        if not isinstance(error, EventVisionError):
            raise
        typer.echo(f"eventvision: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
