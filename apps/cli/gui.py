"""`eventvision gui`: the desktop application."""

from __future__ import annotations

import importlib.util
import os
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
    if _has_no_screen():
        typer.echo(
            "eventvision: there is no screen (DISPLAY and WAYLAND_DISPLAY are not set); log in to "
            "a desktop or use ssh -X, or run eventvision replay or daemon instead",
            err=True,
        )
        sys.exit(2)
    from ..gui.main import run

    sys.exit(run(source, config))


def _has_no_screen() -> bool:
    """Tell whether Qt would end the program for want of a screen."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform == "linux" and not any(os.environ.get(name) for name in names)
