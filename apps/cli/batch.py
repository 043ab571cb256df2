"""`eventvision batch`: many recordings through one pipeline, here or on a cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .arguments import JsonOption, ReadOption, SensorOption, SourcesArgument


def batch(
    sources: SourcesArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")],
    read: ReadOption,
    tasks: Annotated[
        str, typer.Option(metavar="LIST", help="What to look for, as in replay.")
    ] = "reconstruction,detection,tracking",
    filters: Annotated[
        str, typer.Option(metavar="LIST", help="Filters in order, or none.")
    ] = "background",
    slicer: Annotated[str, typer.Option(metavar="RULE", help="When a slice ends.")] = "time:10ms",
    device: Annotated[
        str, typer.Option(metavar="NAME[,TASK=NAME]", help="Where learned tasks run.")
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes here; as many as cores if not given."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Ray cluster instead: auto, HOST:6379, ray://…"),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do again what an earlier run has done.")
    ] = False,
    sensor: SensorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run many recordings through one pipeline; the same command goes on after an interruption."""
    from .batching.cores import usable_cores
    from .batching.run import Wanted, run
    from .options import reader_options

    if ray is not None and workers is not None:
        from eventvision.core import ConfigError

        raise ConfigError("--workers", workers, "either --workers or --ray")
    settings = {
        "tasks": _listed(tasks),
        "filters": "" if filters.strip().lower() == "none" else filters,
        "slicer": slicer,
        "device": device,
        "sensor": sensor,
        "read": reader_options(read),
    }
    wanted = Wanted(
        sources=sources,
        out=out,
        settings=settings,
        workers=workers or len(usable_cores()),
        ray=ray,
        fresh=fresh,
        as_json=as_json,
    )
    sys.exit(run(wanted))


def _listed(text: str) -> tuple[str, ...]:
    names = "" if text.strip().lower() == "none" else text
    return tuple(name.strip() for name in names.split(",") if name.strip())
