"""`eventvision`: the command line. Each command loads what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import completions
from .arguments import (
    ConfigOption,
    EndOption,
    ForceOption,
    JsonOption,
    OptionalSourceArgument,
    ReadOption,
    SensorOption,
    SettingsOption,
    SimOption,
    SourceArgument,
    SourcesArgument,
    StartOption,
    StrictOption,
)
from .batch import batch
from .daemon import daemon
from .doctor import doctor
from .gui import gui
from .learning import evaluate, finetune, train
from .placing import activity, compare, devices, export, fits, place
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
    source: OptionalSourceArgument = None,
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
        float | None,
        typer.Option(metavar="S", help="Stop after so many seconds; at Ctrl-C if not given."),
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
        typer.Argument(
            metavar="SCENE",
            help="A named scene, a video, or a folder of images.",
            autocompletion=completions.scenes,
        ),
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
    seconds: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds; if not given, 2 of a scene, all of a video."),
    ] = None,
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
    settings_of: Annotated[
        str | None,
        typer.Option(
            "--settings-of",
            metavar="MODEL",
            help="Print the settings of a model; with --json, as a file for --settings of replay.",
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
    if settings_of is not None:
        sys.exit(show_settings(settings_of, as_json=as_json))
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


for command in (
    convert, cut, repair, serve, train, evaluate, finetune, devices, fits, activity, compare,
    export, place, gui, daemon, batch, doctor,
):  # fmt: skip
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
        from .problems import told

        problem = told(error)
        if problem is None:
            raise
        typer.echo(f"eventvision: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
