"""Arguments and options that several commands have, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import completions

_SOURCE = "A recording, a camera (camera:), a simulated one (sim:SCENE) or a peer (tcp://…)."
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help=_SOURCE)]
OptionalSourceArgument = Annotated[
    str | None, typer.Argument(metavar="SOURCE", help=_SOURCE, show_default=False)
]
ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Name of a shipped model, or its folder (./NAME).",
        autocompletion=completions.models,
    ),
]
ModelSensorOption = Annotated[
    str | None,
    typer.Option("--sensor", metavar="WxH", help="Sensor size, for models that take any."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        help="Settings of the run, YAML; options given here count instead. See docs/config.md.",
    ),
]
SimOption = Annotated[
    bool, typer.Option("--sim", help="Play a simulated camera: the same as the source sim:shapes.")
]
SourcesArgument = Annotated[
    list[str],
    typer.Argument(metavar="IN...", help="Recordings, wildcards, or folders of recordings."),
]
OutArgument = Annotated[
    str, typer.Argument(metavar="OUT", help="A file for one recording, else a folder.")
]
SensorOption = Annotated[
    str | None,
    typer.Option(metavar="WxH", help="Sensor size in pixels, where the recording is wrong."),
]
ReadOption = Annotated[
    list[str],
    typer.Option(
        metavar="NAME=VALUE",
        help="Tell the reader what it cannot guess: columns=xytp, time_unit=s, topic=/t, group=g.",
        default_factory=list,
        show_default=False,
    ),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings of the camera, JSON; changes to the file take effect while it runs.",
    ),
]
StartOption = Annotated[
    float, typer.Option(metavar="S", help="Begin so many seconds after the first event.")
]
EndOption = Annotated[
    float | None,
    typer.Option(
        metavar="S", help="End so many seconds after the first event; at the end if not given."
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="Format to write, such as aedat4, evt3, dat, npz, csv; as OUT says if not given.",
        autocompletion=completions.formats,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Take damage for a failure.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
