"""`eventvision gui`: the desktop application."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer


def gui(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="A recording, camera:, sim:SCENE, tcp://host:port; opened at once.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("-c", "--config", metavar="FILE", help="Configuration to begin with."),
    ] = None,
) -> None:
    """Open the desktop application."""
    if importlib.util.find_spec("PyQt6") is None:
        typer.echo("eventvision: the window needs PyQt6; pip install 'eventvision[gui]'", err=True)
        sys.exit(2)
    from ..gui.main import run

    sys.exit(run(source, config))
